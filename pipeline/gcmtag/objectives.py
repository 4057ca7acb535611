"""The label universe: 23 objectives, 4 clusters, 7 roles, fixed and ordered.

Every function that counts or scores takes all 23 objectives and returns them in this order, absent ones included.

Sources: General Assembly resolution 73/195 (objectives) and resolution 73/326, paragraph 21 (clusters).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Objective:
    """One of the 23 objectives; ``cluster`` is the number of the round table that it belongs to."""

    number: int
    title: str
    short: str
    cluster: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """One of the four clusters (round tables) with its objectives in ascending order."""

    number: int
    title: str
    objectives: tuple[int, ...]


CLUSTERS: Final[tuple[Cluster, ...]] = (
    Cluster(1, "Ensuring that migration is voluntary, orderly and regular", (2, 5, 6, 12, 18)),
    Cluster(2, "Protecting migrants through rights-based border governance measures", (4, 8, 9, 10, 11, 13, 21)),
    Cluster(
        3,
        "Supporting the integration of migrants and their contribution to development",
        (14, 15, 16, 19, 20, 22),
    ),
    Cluster(
        4,
        "Improving value-driven and evidence-based policymaking and public debate, "
        "and enhancing cooperation on migration",
        (1, 3, 7, 17, 23),
    ),
)

_CLUSTER_OF: Final = {number: cluster.number for cluster in CLUSTERS for number in cluster.objectives}

_TITLES: Final[tuple[tuple[str, str], ...]] = (
    ("Collect and utilize accurate and disaggregated data as a basis for evidence-based policies", "Data"),
    (
        "Minimize the adverse drivers and structural factors that compel people to leave their country of origin",
        "Drivers",
    ),
    ("Provide accurate and timely information at all stages of migration", "Information"),
    ("Ensure that all migrants have proof of legal identity and adequate documentation", "Legal identity"),
    ("Enhance availability and flexibility of pathways for regular migration", "Regular pathways"),
    ("Facilitate fair and ethical recruitment and safeguard conditions that ensure decent work", "Decent work"),
    ("Address and reduce vulnerabilities in migration", "Vulnerabilities"),
    ("Save lives and establish coordinated international efforts on missing migrants", "Saving lives"),
    ("Strengthen the transnational response to smuggling of migrants", "Smuggling"),
    ("Prevent, combat and eradicate trafficking in persons in the context of international migration", "Trafficking"),
    ("Manage borders in an integrated, secure and coordinated manner", "Borders"),
    (
        "Strengthen certainty and predictability in migration procedures for appropriate screening, "
        "assessment and referral",
        "Procedures",
    ),
    ("Use immigration detention only as a measure of last resort and work towards alternatives", "Detention"),
    ("Enhance consular protection, assistance and cooperation throughout the migration cycle", "Consular protection"),
    ("Provide access to basic services for migrants", "Basic services"),
    ("Empower migrants and societies to realize full inclusion and social cohesion", "Inclusion"),
    (
        "Eliminate all forms of discrimination and promote evidence-based public discourse "
        "to shape perceptions of migration",
        "Discrimination",
    ),
    (
        "Invest in skills development and facilitate mutual recognition of skills, qualifications and competences",
        "Skills",
    ),
    (
        "Create conditions for migrants and diasporas to fully contribute to sustainable development in all countries",
        "Diaspora",
    ),
    (
        "Promote faster, safer and cheaper transfer of remittances and foster financial inclusion of migrants",
        "Remittances",
    ),
    (
        "Cooperate in facilitating safe and dignified return and readmission, as well as sustainable reintegration",
        "Return",
    ),
    (
        "Establish mechanisms for the portability of social security entitlements and earned benefits",
        "Social security",
    ),
    (
        "Strengthen international cooperation and global partnerships for safe, orderly and regular migration",
        "Cooperation",
    ),
)

OBJECTIVES: Final[tuple[Objective, ...]] = tuple(
    Objective(number, title, short, _CLUSTER_OF[number]) for number, (title, short) in enumerate(_TITLES, start=1)
)

NUMBERS: Final[tuple[int, ...]] = tuple(objective.number for objective in OBJECTIVES)

ROLES: Final[tuple[str, ...]] = ("trend", "action", "gap", "result", "recommendation", "priority", "context")

# The ten cross-cutting principles of General Assembly resolution 73/195, para. 15, that the review asks about.
GUIDING_PRINCIPLES: Final[tuple[str, ...]] = (
    "People-centred",
    "International cooperation",
    "National sovereignty",
    "Rule of law and due process",
    "Sustainable development",
    "Human rights",
    "Gender-responsive",
    "Child-sensitive",
    "Whole-of-government approach",
    "Whole-of-society approach",
)


def clusters_of(objectives: tuple[int, ...] | list[int]) -> tuple[int, ...]:
    """Clusters of the given objectives, ascending, each once.

    >>> clusters_of([5, 6, 20])
    (1, 3)
    """
    return tuple(sorted({_CLUSTER_OF[number] for number in objectives}))

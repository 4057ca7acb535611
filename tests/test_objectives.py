"""The label universe is fixed: what counts, scores and tables rely on."""

import dataclasses

import pytest

from gcmtag import CLUSTERS, OBJECTIVES, ROLES
from gcmtag.objectives import NUMBERS, clusters_of


def test_there_are_23_objectives_numbered_in_order() -> None:
    assert isinstance(OBJECTIVES, tuple)
    assert [objective.number for objective in OBJECTIVES] == list(range(1, 24)) == list(NUMBERS)


def test_no_two_objectives_share_a_title_or_a_short_title() -> None:
    assert len({objective.title for objective in OBJECTIVES}) == 23
    assert len({objective.short for objective in OBJECTIVES}) == 23


@pytest.mark.parametrize(
    ("number", "title"),
    [
        (1, "Collect and utilize accurate and disaggregated data as a basis for evidence-based policies"),
        (8, "Save lives and establish coordinated international efforts on missing migrants"),
        (13, "Use immigration detention only as a measure of last resort and work towards alternatives"),
        (
            23,
            "Strengthen international cooperation and global partnerships for safe, orderly and regular migration",
        ),
    ],
)
def test_objectives_bear_their_official_titles(number: int, title: str) -> None:
    assert OBJECTIVES[number - 1].title == title


def test_the_four_clusters_partition_the_objectives() -> None:
    """Each objective in one cluster and no other, or scores of clusters would count it twice."""
    assert [cluster.number for cluster in CLUSTERS] == [1, 2, 3, 4]
    assert sorted(number for cluster in CLUSTERS for number in cluster.objectives) == list(range(1, 24))


def test_the_clusters_are_those_of_the_review_forum() -> None:
    assert [cluster.objectives for cluster in CLUSTERS] == [
        (2, 5, 6, 12, 18),
        (4, 8, 9, 10, 11, 13, 21),
        (14, 15, 16, 19, 20, 22),
        (1, 3, 7, 17, 23),
    ]


def test_objectives_and_clusters_name_each_other() -> None:
    for cluster in CLUSTERS:
        assert all(OBJECTIVES[number - 1].cluster == cluster.number for number in cluster.objectives)


def test_there_are_seven_roles() -> None:
    assert ROLES == ("trend", "action", "gap", "result", "recommendation", "priority", "context")


@pytest.mark.parametrize(("objectives", "clusters"), [((), ()), ((2, 5), (1,)), ((23, 1, 2), (1, 4)), ([20, 14], (3,))])
def test_clusters_of_objectives_come_ascending_and_once(objectives: tuple[int, ...], clusters: tuple[int, ...]) -> None:
    assert clusters_of(objectives) == clusters


def test_nobody_can_change_an_objective() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        OBJECTIVES[0].number = 2  # type: ignore[misc]

"""Words of which sentences about invented States are drawn, where only number and length of passages count."""

from typing import Final

WHO: Final = ("Marovia", "Tessaly", "Cordalia", "Ostreland", "The Tamarind Islands", "Kamvary", "Lianport", "Zhetistan")
DID: Final = (
    "cut the fee on remittances",
    "trained border guards to recognise victims of trafficking",
    "eased visas for seasonal workers",
    "opened schools to the children of migrants",
    "collected data on the skills of those who left",
    "signed an agreement on the portability of pensions",
    "inspected recruitment agencies",
    "issued passports at its consulates",
    "searched for those missing at sea",
    "painted the harbour",
)
HOW: Final = (
    "together with trade unions",
    "although funds were short",
    "after a consultation with migrant women",
    "as the regional plan demands",
    "which the courts had asked for",
    "for the first time since the flood",
)

"""Which département lies in which region (INSEE codes of the geography in force since 2016)."""

from __future__ import annotations

REGIONS = {
    "01": "971",
    "02": "972",
    "03": "973",
    "04": "974",
    "06": "976",
    "11": "75 77 78 91 92 93 94 95",
    "24": "18 28 36 37 41 45",
    "27": "21 25 39 58 70 71 89 90",
    "28": "14 27 50 61 76",
    "32": "02 59 60 62 80",
    "44": "08 10 51 52 54 55 57 67 68 88",
    "52": "44 49 53 72 85",
    "53": "22 29 35 56",
    "75": "16 17 19 23 24 33 40 47 64 79 86 87",
    "76": "09 11 12 30 31 32 34 46 48 65 66 81 82",
    "84": "01 03 07 15 26 38 42 43 63 69 73 74",
    "93": "04 05 06 13 83 84",
    "94": "2A 2B",
}
"""Départements of each region (INSEE, official geographic code)."""
FRANCE = "france"
_CHILDREN = {
    f"region:{code}": tuple(f"departement:{d}" for d in members.split())
    for code, members in REGIONS.items()
}
_CHILDREN[FRANCE] = tuple(f"region:{code}" for code in REGIONS)
_PARENT = {child: parent for parent, members in _CHILDREN.items() for child in members}


def children(territory: str) -> tuple[str, ...]:
    """Return the territories that make up `territory`, none when it is not made of others."""
    return _CHILDREN.get(territory, ())


def parent(territory: str) -> str | None:
    """Return the territory directly around `territory`, if it is known."""
    return _PARENT.get(territory)


def around(territory: str, level: str) -> str | None:
    """Return the `region` or `france` around a territory.

    Args:
        territory: Such as `departement:59`.
        level: `region` or `france`.
    """
    found: str | None = territory
    while found is not None and found.split(":")[0] != level:
        found = parent(found)
    return found


def known(territory: str) -> bool:
    """Tell whether a `region:` or `departement:` code exists; other names are free."""
    if territory.startswith(("region:", "departement:")):
        return territory in _PARENT
    return bool(territory)

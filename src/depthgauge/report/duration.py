"""A duration in readable units."""

UNITS = ((100, 1, "s", 0), (6000, 60, "min", 0), (172_800, 3600, "h", 1))
"""Limit in seconds, seconds in the unit, its name, digits."""


def duration(seconds: float) -> str:
    """Return for example 40 s, 12 min, 3.5 h or 2.1 days."""
    if 0 < seconds < 0.5:
        return "under 1 s"
    for limit, unit, name, digits in UNITS:
        if seconds < limit:
            return f"{seconds / unit:.{digits}f} {name}"
    return f"{seconds / 86_400:.1f} days"

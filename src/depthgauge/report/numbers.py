"""Numbers as sentences write them."""


def brief(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits and commas, never as a power of ten."""
    return f"{float(f'{value:.{digits}g}'):,.10g}"

"""With how many digits a number is written: as many as its interval bears, and three at least."""

from math import floor, log10

LEAST = 3  # digits of a number
MOST = 6  # digits of a number whose interval is very narrow


def places(largest: float, low: float, high: float, least: int = LEAST) -> int:
    """Return how many places after the point a number and its interval are written with; -1 stands for tens.

    The last place is that of the first digit of half the interval, or that of the third digit of the largest number
    where this is finer: 3,269 between 3,069 and 3,469 is 3,270; 515.83 between 515.5 and 516.3 is 515.8.

    Parameters
    ----------
    largest : the largest of the numbers that stand together, in the unit in which they are written.
    low, high : ends of the interval, in the same unit; equal where there is none.
    least : digits of a number at least.

    Examples
    --------
    >>> places(3469.0, 3069.0, 3469.0), places(516.3, 515.5, 516.3), places(0.0, 0.0, 0.0)
    (-1, 1, 0)
    """
    first = place(largest) if largest else 0
    wanted = first + least - 1 if largest else 0
    half = (high - low) / 2
    return min(max(wanted, place(half)), first + MOST - 1) if half > 0 else wanted


def place(value: float) -> int:
    """Return at which place after the point the first digit of a number stands; 0 for ones, -1 for tens.

    Examples
    --------
    >>> place(0.02), place(7.0), place(-40.0)
    (2, 0, -1)
    """
    return -floor(log10(abs(value)))


def written(value: float, after: int, sign: str = "") -> str:
    """Return a number with so many places after the point, as `places` counts them, and commas for thousands.

    Examples
    --------
    >>> written(3269.39, -1), written(515.83, 1), written(0.4, 1, "+")
    ('3,270', '515.8', '+0.4')
    """
    return f"{round(value, after):{sign}z,.{max(after, 0)}f}"


def spanned(low: float, middle: float, high: float) -> tuple[str, str]:
    """Return a number and its interval, "low – high", with as many digits as this bears.

    Examples
    --------
    >>> spanned(3069.4, 3269.39, 3469.2)
    ('3,270', '3,070 – 3,470')
    """
    after = places(max(map(abs, (low, middle, high))), low, high)
    return written(middle, after), f"{written(low, after)} – {written(high, after)}"


def percent_places(low: float, high: float) -> int:
    """Return with how many places after the point a chance between two shares is written in per cent: one at least.

    Examples
    --------
    >>> percent_places(0.673, 0.716), percent_places(0.0003, 0.0005)
    (1, 2)
    """
    half = 100 * (high - low) / 2
    return min(max(1, place(half)), MOST) if half > 0 else 1

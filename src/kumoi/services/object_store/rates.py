"""Rates of writes that depend on the size of a container, as a setting has them."""

import functools


def parse(text: str) -> tuple[tuple[int, float], ...]:
    """`0:100, 100000:20`: from so many objects on, so many writes per second; ValueError for another text."""
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        size, _, rate = part.partition(":")
        found[int(size)] = float(rate)
        if found[int(size)] <= 0:
            raise ValueError(part)
    return tuple(sorted(found.items()))


parsed = functools.lru_cache(maxsize=4)(parse)


def rate_at(limits: tuple[tuple[int, float], ...], size: int) -> float | None:
    """Between two sizes the rate lies on the line between theirs."""
    below = [each for each in limits if each[0] <= size]
    if not below:
        return None
    start, rate = below[-1]
    if len(below) == len(limits):
        return rate
    end, next_rate = limits[len(below)]
    return rate + (next_rate - rate) * (size - start) / (end - start)

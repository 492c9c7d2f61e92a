"""The rank of a comment: how good it is by its votes."""

from __future__ import annotations

from math import sqrt

# Two-sided 90 %: how sure the lower bound of the share of up-votes is.
Z = 1.6449


def rank(ups: int, downs: int) -> float:
    """How good a comment is by its votes: the lower bound of Wilson's score interval, 0 without votes.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927).
    """
    votes = ups + downs
    if votes == 0:
        return 0.0
    share = ups / votes
    spread = Z * sqrt((share * (1 - share) + Z * Z / (4 * votes)) / votes)
    return round((share + Z * Z / (2 * votes) - spread) / (1 + Z * Z / votes), 6)

"""A source: where comments were imported from, and how its numbers became ours."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class Source(Base):
    """What an import must know to go on after a break, and to add nothing the second time.

    The comment that the source calls `number` has the id `number + distance` here; the ids up to
    `highest + distance` are reserved for it, and all up to the number `last` have been taken in.
    is_own: the site was empty and is since this import the source's site, only elsewhere: exports go on
    speaking in the source's name and numbers. `site_number` is the site's id there.
    """

    __tablename__ = "source"

    site_id: Mapped[int] = mapped_column(
        ForeignKey("site.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    source: Mapped[str] = mapped_column(String(40), primary_key=True)
    is_own: Mapped[bool] = mapped_column(Boolean)
    site_number: Mapped[int] = mapped_column(BigInteger)
    distance: Mapped[int] = mapped_column(BigInteger)
    highest: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[int] = mapped_column(BigInteger)

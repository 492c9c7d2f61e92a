"""Submitting a comment, from the API and from the page's form: once, within the limits, prepared, stored."""

from __future__ import annotations

from .. import db, posting
from ..errors import ServiceError
from ..identity import Reader
from ..models import Site
from ..posting import Posted, Words
from . import asking, limits


def submit(site: Site, reader: Reader, words: Words) -> Posted:
    """Store the comment, or answer as an earlier request with the same key was answered.

    `words` are normalised. Raises TooFast, Unavailable, and what `posting.arrive` and `prepare` raise.
    """
    arrival = posting.arrive(db.reading(), signer=asking.signer(), site=site, reader=reader, words=words)
    if arrival.replayed is not None:
        return arrival.replayed
    limits.spend("post", site=site.key, author=reader.author_key)
    try:
        prepared = posting.prepare(db.reading(), arrival)
    except ServiceError:
        # A twin of this request may have been stored since: this one is then its retry, not its duplicate.
        again = posting.arrive(db.reading(), signer=asking.signer(), site=site, reader=reader, words=words)
        if again.replayed is None:
            raise
        return again.replayed
    if prepared.makes_thread:
        limits.spend("threads", site=site.key, author=reader.author_key)
    # Who waits to write keeps no second connection from those who read.
    db.reading().close()
    return db.write(prepared.store)

"""The search: the words it keeps of comments and articles, and the question of which comments hold some.

What is written are the tables `comment_words` and `thread_words`, alike on both databases. SQLite finds words
in them by FTS5, PostgreSQL by a GIN index; migration 0006 makes both, with names that begin with SEARCH.
On SQLite, triggers keep FTS5 in step, some hundred comments at a time: what is newer than that (than the
mark) is looked through as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy import cast as cast_as
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from . import db
from .models import Comment, CommentWords, Revision, Thread, ThreadWords
from .text import terms
from .text.terms import Term

SEARCH = "search_"
# What a step of `clear` rewrites; it takes some milliseconds.
PAGES_AT_ONCE = 300

_COMMENT_WORDS = cast(Table, CommentWords.__table__)
_THREAD_WORDS = cast(Table, ThreadWords.__table__)


def keep_comments(session: Session, ids: Collection[int]) -> None:
    """Keep the words of these comments: of the name and of the text that is, or would be, judged."""
    judged = func.coalesce(Comment.held_revision, Comment.revision)
    query = (
        select(Comment.id, Comment.name, Revision.body)
        .join(Revision, and_(Revision.comment_id == Comment.id, Revision.revision == judged))
        .where(Comment.id.in_(ids), Revision.body != "")
    )
    rows = [{"comment_id": id, "words": of_comment(name, body)} for id, name, body in session.execute(query)]
    _keep(session, CommentWords, "comment_id", rows)


def keep_threads(session: Session, ids: Collection[int]) -> None:
    """Keep the words of these threads' articles."""
    query = select(Thread.id, Thread.slug, Thread.title).where(Thread.id.in_(ids))
    rows = [
        {"thread_id": id, "words": terms.words(f"{slug} {title or ''}")}
        for id, slug, title in session.execute(query)
    ]
    _keep(session, ThreadWords, "thread_id", rows)


def of_comment(name: str, body: str) -> str:
    """What is kept of a comment: for those who store the row of `comment_words` with others."""
    return terms.words(f"{name} {body}")


def forget(session: Session, comment_ids: Collection[int]) -> None:
    """Keep nothing of these comments any more; on SQLite, `clear` makes it so for good."""
    session.execute(
        delete(CommentWords)
        .where(CommentWords.comment_id.in_(comment_ids))
        .execution_options(synchronize_session=False)
    )


def clear(session: Session, *, begin: bool) -> bool:
    """A step of taking words that were forgotten out of SQLite's index, where they stand until its parts are
    merged; whether there is more to do. PostgreSQL does it by itself. `begin` with the first step.
    """
    if _is_postgres(session):
        return False
    name = f"{SEARCH}{_COMMENT_WORDS.name}"
    changes = session.execute(select(func.total_changes())).scalar_one()
    index = table(name, column(name), column("rank"))
    # A negative number takes all parts together, a positive one goes on with that.
    step = {name: "merge", "rank": -PAGES_AT_ONCE if begin else PAGES_AT_ONCE}
    session.execute(insert(index).values(step))
    # SQLite: the command itself counts as one, so less than two means that nothing was left to merge.
    return bool(session.execute(select(func.total_changes())).scalar_one() - changes >= 2)


def hold(session: Session, asked: Sequence[Term]) -> ColumnElement[bool]:
    """Whether a row of `comment` joined with both tables of words (`with_words`) holds all of these terms.

    All must be found in the comment, its name included, or all in the article's slug and title.
    """
    return or_(_in(session, _COMMENT_WORDS, asked), _in(session, _THREAD_WORDS, asked))


def with_words(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A query of comments, joined with what the search keeps of them and of their articles."""
    return query.outerjoin(CommentWords, CommentWords.comment_id == Comment.id).outerjoin(
        ThreadWords, ThreadWords.thread_id == Comment.thread_id
    )


def holders(session: Session, asked: Sequence[Term]) -> ColumnElement[bool]:
    """Whether a comment is one of those that hold all of these terms, found by the search's indexes.

    The same comments as by `hold`, at a cost that grows with their number, however many others there are.
    """
    threads = union_all(*_found(session, _THREAD_WORDS, asked))
    of_articles = select(Comment.id).where(Comment.thread_id.in_(threads))
    return Comment.id.in_(union_all(*_found(session, _COMMENT_WORDS, asked), of_articles))


def _keep(session: Session, model: type[db.Base], key: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        fresh = db.insert(session, model)
        kept = fresh.on_conflict_do_update(index_elements=[key], set_={"words": fresh.excluded.words})
        session.execute(kept, rows)


def _in(session: Session, words: Table, asked: Sequence[Term]) -> ColumnElement[bool]:
    """Whether each term stands in a row of words, its words one after the other."""
    find = func.strpos if _is_postgres(session) else func.instr
    spaced = literal(" ") + words.c.words + literal(" ")
    return and_(*(find(spaced, _spelt(term)) > 0 for term in asked))


def _spelt(term: Term) -> str:
    return f" {' '.join(term.words)}{'' if term.is_open else ' '}"


def _found(session: Session, words: Table, asked: Sequence[Term]) -> list[Any]:
    """Queries that together give the keys of the rows of words that hold all terms, by index."""
    (key,) = words.primary_key
    in_place = [_in(session, words, asked)] if any(len(term.words) > 1 for term in asked) else []
    if _is_postgres(session):
        lexemes = func.array_to_tsvector(func.string_to_array(words.c.words, " "))
        return [select(key).where(lexemes.bool_op("@@")(_tsquery(asked)), *in_place)]
    index = table(f"{SEARCH}{words.name}", column("rowid", BigInteger), column(f"{SEARCH}{words.name}"))
    found = select(index.c.rowid).where(_column(index).match(_fts5(asked)))
    if in_place:
        found = found.join(words, key == index.c.rowid).where(*in_place)
    mark = table(f"{SEARCH}mark", column("name"), column("until", BigInteger))
    until = select(mark.c.until).where(mark.c.name == words.name).scalar_subquery()
    return [found, select(key).where(key > until, _in(session, words, asked))]


def _column(index: FromClause) -> Any:
    return index.c[cast(Any, index).name]


# A word holds letters, digits and signs beyond ASCII: nothing that either language of questions knows.
def _fts5(asked: Sequence[Term]) -> str:
    return " AND ".join(f'"{word}"{"*" if is_open else ""}' for word, is_open in _words(asked).items())


def _tsquery(asked: Sequence[Term]) -> ColumnElement[Any]:
    spelt = " & ".join(f"'{word}'{':*' if is_open else ''}" for word, is_open in _words(asked).items())
    return cast_as(literal(spelt), TSQUERY)


def _words(asked: Sequence[Term]) -> dict[str, bool]:
    """Each word that is asked for, and whether it may go on."""
    found: dict[str, bool] = {}
    for term in asked:
        for number, word in enumerate(term.words, 1):
            is_open = term.is_open and number == len(term.words)
            found[word] = is_open and found.get(word, True)
    return found


def _is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"

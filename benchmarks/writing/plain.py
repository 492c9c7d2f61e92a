"""The yardstick: posting as most people would write it with Flask-SQLAlchemy and marshmallow. Frozen.

It is honest work: a session and a commit for each request, indexes on all that is looked up, a schema, bleach
on rendered Markdown, and in substance the same checks as ours: the author's own duplicate, bans of author and
address, word lists, links, reserved names, closed threads, a key that makes retries safe. SQLite writes ahead
(WAL) with synchronous=FULL and a busy timeout, which is how writers wait for each other here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import bleach
from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from markdown_it import MarkdownIt
from marshmallow import Schema, ValidationError, fields, validate
from sqlalchemy import ForeignKey, Index, UniqueConstraint, event, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .lists import HELD, REFUSED, RESERVED

SECRET = b"a secret of the plain way, 32 bytes and more"
BUSY_MILLISECONDS = 5_000
LINKS_MAX = 2
TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
A_WORD = re.compile(r"[^\W_]+")


class Base(DeclarativeBase):
    """The root of its models."""


db = SQLAlchemy(model_class=Base)


class Thread(Base):
    """A thread of comments."""

    __tablename__ = "plain_thread"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    count: Mapped[int] = mapped_column(default=0)
    mode: Mapped[str] = mapped_column(default="open")


class Author(Base):
    """A guest, known by the hash of a key."""

    __tablename__ = "plain_author"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    published: Mapped[int] = mapped_column(default=0)


class Comment(Base):
    """A comment with its source and its rendering."""

    __tablename__ = "plain_comment"
    __table_args__ = (
        Index("ix_plain_newest", "thread_id", "status", "id"),
        Index("ix_plain_fingerprint", "thread_id", "author_id", "fingerprint"),
        Index("ix_plain_queue", "status", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("plain_thread.id"))
    parent: Mapped[int | None] = mapped_column(ForeignKey("plain_comment.id"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("plain_author.id"), index=True)
    name: Mapped[str]
    badge: Mapped[str | None]
    body: Mapped[str]
    html: Mapped[str]
    fingerprint: Mapped[str | None]
    address: Mapped[str | None]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    score: Mapped[int] = mapped_column(default=0)
    status: Mapped[str]
    reason: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=1)


class Ban(Base):
    """An author or an address that may not write."""

    __tablename__ = "plain_ban"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int | None] = mapped_column(index=True)
    address: Mapped[str | None] = mapped_column(index=True)
    expires_at: Mapped[datetime | None]


class Key(Base):
    """An author's name for one request."""

    __tablename__ = "plain_key"
    __table_args__ = (UniqueConstraint("author_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("plain_author.id"))
    key: Mapped[str]
    payload: Mapped[str]
    comment_id: Mapped[int] = mapped_column(ForeignKey("plain_comment.id"))
    created_at: Mapped[datetime]


class CommentIn(Schema):
    """What a reader sends."""

    slug = fields.String(required=True, validate=validate.Length(1, 512))
    name = fields.String(required=True, validate=validate.Length(1, 60))
    body = fields.String(required=True, validate=validate.Length(1, 10_000))
    parent = fields.Integer(load_default=None, allow_none=True)
    author_key = fields.String(load_default=None, validate=validate.Regexp("^[A-Za-z0-9_-]{22,64}$"))
    key = fields.String(load_default=None, validate=validate.Length(1, 255))


class CommentOut(Schema):
    """What a reader gets."""

    id = fields.Integer()
    parent = fields.Integer(allow_none=True)
    name = fields.String()
    badge = fields.String(allow_none=True)
    html = fields.String()
    created_at = fields.DateTime()
    edited_at = fields.DateTime(allow_none=True)
    score = fields.Integer()
    status = fields.String()
    revision = fields.Integer()


comment_in, comment_out = CommentIn(), CommentOut()
markdown = MarkdownIt("commonmark", {"html": False, "breaks": True})


def create_app(url: str) -> Flask:
    """The application with its one view."""
    app = Flask("plain")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    # As many connections as the server has threads, or requests would queue for one.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 40}
    db.init_app(app)
    if url.startswith("sqlite"):
        with app.app_context():
            event.listen(db.engine, "connect", _prepare)

    @app.get("/comments")
    def ready() -> dict[str, Any]:
        return {"threads": db.session.scalar(select(Thread.id).limit(1))}

    @app.post("/comments")
    def post() -> tuple[dict[str, Any], int]:
        try:
            sent = comment_in.load(request.get_json())
        except ValidationError as error:
            abort(422, str(error))
        author = _author(sent["author_key"], sent["name"])
        payload = hashlib.sha256(json.dumps([sent["slug"], sent["body"], sent["name"]]).encode()).hexdigest()
        if author is not None and sent["key"] is not None:
            first = db.session.scalar(select(Key).where(Key.author_id == author.id, Key.key == sent["key"]))
            if first is not None:
                if first.payload != payload:
                    abort(422)
                return _answer(db.session.get_one(Comment, first.comment_id))
        comment = _judged(sent, _thread(sent["slug"]), author)
        db.session.add(comment)
        db.session.flush()
        if author is not None and sent["key"] is not None:
            db.session.add(
                Key(
                    author_id=author.id,
                    key=sent["key"],
                    payload=payload,
                    comment_id=comment.id,
                    created_at=comment.created_at,
                )
            )
        db.session.commit()
        return _answer(comment)

    return app


def _prepare(connection: Any, record: object) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_MILLISECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _author(key: str | None, name: str) -> Author | None:
    if key is None:
        return None
    key_hash = hmac.new(SECRET, key.encode(), hashlib.sha256).hexdigest()
    author = db.session.scalar(select(Author).where(Author.key_hash == key_hash))
    return author if author is not None else _made(Author(key_hash=key_hash, name=name, published=0))


def _thread(slug: str) -> Thread:
    thread = db.session.scalar(select(Thread).where(Thread.slug == slug))
    if thread is None:
        try:
            thread = _made(Thread(slug=slug, count=0, mode="open"))
        except IntegrityError:  # somebody else made it meanwhile
            db.session.rollback()
            thread = db.session.scalars(select(Thread).where(Thread.slug == slug)).one()
    return thread


def _made(row: Any) -> Any:
    db.session.add(row)
    db.session.commit()
    return row


def _judged(sent: dict[str, Any], thread: Thread, author: Author | None) -> Comment:
    now = datetime.now(UTC).replace(tzinfo=None)
    if thread.mode == "closed":
        abort(403)
    address = hmac.new(SECRET, (request.remote_addr or "").encode(), hashlib.sha256).hexdigest()
    targets = [Ban.address == address] + ([Ban.author_id == author.id] if author is not None else [])
    unexpired = or_(Ban.expires_at.is_(None), Ban.expires_at > now)
    if db.session.scalar(select(Ban.id).where(or_(*targets), unexpired).limit(1)) is not None:
        abort(403)
    if sent["parent"] is not None:
        parent = db.session.get(Comment, sent["parent"])
        if parent is None or parent.thread_id != thread.id or parent.status != "published":
            abort(404)
    fingerprint = hashlib.sha256(" ".join(sent["body"].casefold().split()).encode()).hexdigest()
    if author is not None:
        query = select(Comment.id).where(
            Comment.thread_id == thread.id,
            Comment.author_id == author.id,
            Comment.fingerprint == fingerprint,
            Comment.created_at > now - timedelta(days=1),
        )
        if db.session.scalar(query.limit(1)) is not None:
            abort(409)
    html = bleach.linkify(bleach.clean(markdown.render(sent["body"]), tags=TAGS))
    reason = _reason(sent, html)
    if reason is None:
        thread.count = Thread.count + 1
        if author is not None:
            author.published = Author.published + 1
    return Comment(
        thread_id=thread.id,
        parent=sent["parent"],
        author_id=author.id if author is not None else None,
        name=sent["name"],
        body=sent["body"],
        html=html,
        fingerprint=fingerprint,
        address=address,
        created_at=now,
        status="published" if reason is None else "pending",
        reason=reason,
    )


def _reason(sent: dict[str, Any], html: str) -> str | None:
    words = {word.casefold() for word in A_WORD.findall(f"{sent['name']} {sent['body']}")}
    if words & set(REFUSED):
        abort(422)
    if words & set(HELD):
        return "words"
    if html.count("<a ") > LINKS_MAX:
        return "links"
    return "name" if sent["name"].casefold() in RESERVED else None


def _answer(comment: Comment) -> tuple[dict[str, Any], int]:
    answer = {"comment": comment_out.dump(comment), "edit_token": secrets.token_urlsafe(32)}
    return answer, 201 if comment.status == "published" else 202


def fill(url: str, threads: list[dict[str, Any]], comments: list[dict[str, Any]]) -> None:
    """Make its tables in an empty database, with these threads and comments and the bans that ours has."""
    app = create_app(url)
    with app.app_context():
        db.create_all()
        with db.engine.begin() as connection:
            connection.execute(Base.metadata.tables["plain_thread"].insert(), threads)
            connection.execute(Base.metadata.tables["plain_comment"].insert(), comments)
            bans = [{"address": secrets.token_hex(32)} for _ in range(20)]
            connection.execute(Base.metadata.tables["plain_ban"].insert(), bans)
        db.engine.dispose()


def serve(port: int, url: str, threads: int) -> None:
    """Serve it by the same server as ours, with as many workers and threads."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    server = Server(
        "plain",
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=2,
        blocking_threads=threads,
        backlog=2048,
        log_enabled=False,
    )
    server.serve(target_loader=lambda *_: create_app(url), wrap_loader=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

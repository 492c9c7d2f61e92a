"""The yardstick: the same page as most people would write it with Flask-SQLAlchemy and marshmallow. Frozen.

It is honest work: an index on what it filters by, one query for the comments and none per row, a schema, no
tricks. It asks for the newest hundred comments of the thread, as many as the first page of ours shows.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy
from marshmallow import Schema, fields
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

PAGE = 100


class Base(DeclarativeBase):
    """The root of its models."""


db = SQLAlchemy(model_class=Base)


class Thread(Base):
    """A thread of comments."""

    __tablename__ = "plain_thread"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    count: Mapped[int]


class Comment(Base):
    """A comment with its rendered text."""

    __tablename__ = "plain_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("plain_thread.id"), index=True)
    parent: Mapped[int | None]
    name: Mapped[str]
    badge: Mapped[str | None]
    html: Mapped[str]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    score: Mapped[int]
    status: Mapped[str]
    revision: Mapped[int]


class CommentSchema(Schema):
    """What a reader gets of a comment."""

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


class PageSchema(Schema):
    """A page."""

    slug = fields.String()
    count = fields.Integer()
    comments = fields.List(fields.Nested(CommentSchema))


page_schema = PageSchema()


def create_app(database: Path) -> Flask:
    """The application with its one view."""
    app = Flask("plain")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{database}"
    db.init_app(app)

    @app.get("/comments")
    def comments() -> dict[str, Any]:
        thread = db.session.scalar(select(Thread).where(Thread.slug == request.args.get("slug", "")))
        if thread is None:
            abort(404)
        newest = (
            select(Comment)
            .where(Comment.thread_id == thread.id, Comment.status == "published")
            .order_by(Comment.id.desc())
            .limit(PAGE)
        )
        found = db.session.scalars(newest).all()
        answer: dict[str, Any] = page_schema.dump(
            {"slug": thread.slug, "count": thread.count, "comments": found}
        )
        return answer

    return app


def copy_in(database: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Make its tables in a file of its own, with these threads and comments."""
    app = create_app(database)
    with app.app_context():
        db.create_all()
        with db.engine.begin() as connection:
            connection.execute(Base.metadata.tables["plain_thread"].insert(), rows["threads"])
            connection.execute(Base.metadata.tables["plain_comment"].insert(), rows["comments"])
        db.engine.dispose()


def serve(port: int, database: Path) -> None:
    """Serve it by the same server as ours, with as many workers."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    server = Server(
        "plain",
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=2,
        blocking_threads=8,
        backlog=2048,
        log_enabled=False,
    )
    server.serve(target_loader=lambda *_: create_app(database), wrap_loader=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))

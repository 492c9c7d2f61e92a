"""Search comments and articles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

# Whichever version migrates: the words kept must be those that it will look for.
from comments_service.text import terms

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STRIDE = 2_000
# (table, its key, what it belongs to)
TABLES = (("comment_words", "comment_id", "comment"), ("thread_words", "thread_id", "thread"))
SOURCES = {
    "comment_words": """
        SELECT comment.id, comment.name, revision.body FROM comment JOIN revision
        ON revision.comment_id = comment.id
        AND revision.revision = coalesce(comment.held_revision, comment.revision)
        WHERE comment.id > :after AND comment.id <= :until AND revision.body <> ''
        """,
    "thread_words": "SELECT id, slug, title FROM thread WHERE id > :after AND id <= :until",
}

# SQLite: the index holds what stands in the table up to the mark; raising the mark takes in what came since,
# many rows at once, which costs a fraction of taking in each by itself. What comes or goes below the mark is
# taken in or out at once. `detail=none`: the words' places are looked up in the table, not kept twice.
SQLITE = (
    """
    CREATE VIRTUAL TABLE search_{table} USING fts5(
        words, content='{table}', content_rowid='{key}', tokenize='ascii', detail=none, columnsize=0
    )
    """,
    """
    CREATE TRIGGER search_{table}_added AFTER INSERT ON {table}
    WHEN new.{key} <= (SELECT until FROM search_mark WHERE name = '{table}')
    BEGIN
        INSERT INTO search_{table} (rowid, words) VALUES (new.{key}, new.words);
    END
    """,
    # The mark stops before the new row, in whichever order the two triggers run.
    """
    CREATE TRIGGER search_{table}_advanced AFTER INSERT ON {table} WHEN new.{key} % 256 = 0
    BEGIN
        UPDATE search_mark SET until = new.{key} - 1 WHERE name = '{table}' AND until < new.{key} - 1;
    END
    """,
    """
    CREATE TRIGGER search_{table}_deleted AFTER DELETE ON {table}
    WHEN old.{key} <= (SELECT until FROM search_mark WHERE name = '{table}')
    BEGIN
        INSERT INTO search_{table} (search_{table}, rowid, words) VALUES ('delete', old.{key}, old.words);
    END
    """,
    """
    CREATE TRIGGER search_{table}_changed AFTER UPDATE OF words ON {table}
    WHEN old.{key} <= (SELECT until FROM search_mark WHERE name = '{table}')
    BEGIN
        INSERT INTO search_{table} (search_{table}, rowid, words) VALUES ('delete', old.{key}, old.words);
        INSERT INTO search_{table} (rowid, words) VALUES (new.{key}, new.words);
    END
    """,
    """
    CREATE TRIGGER search_{table}_marked AFTER UPDATE OF until ON search_mark
    WHEN new.name = '{table}' AND new.until > old.until
    BEGIN
        INSERT INTO search_{table} (rowid, words)
        SELECT {key}, words FROM {table} WHERE {key} > old.until AND {key} <= new.until;
    END
    """,
    "UPDATE search_mark SET until = coalesce((SELECT max({key}) FROM {table}), 0) WHERE name = '{table}'",
)
POSTGRES = "CREATE INDEX search_{table} ON {table} USING gin (array_to_tsvector(string_to_array(words, ' ')))"


def upgrade() -> None:
    """Search comments and articles; those that are there are read once."""
    for table, key, owner in TABLES:
        op.create_table(
            table,
            sa.Column(key, ID, autoincrement=False, nullable=False),
            sa.Column("words", sa.Text(), nullable=False),
            sa.ForeignKeyConstraint(
                [key], [f"{owner}.id"], name=op.f(f"fk_{table}_{key}_{owner}"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
        )
        for rows in _all(table, key, owner):
            op.bulk_insert(sa.table(table, sa.column(key), sa.column("words")), rows)
    if op.get_bind().dialect.name == "sqlite":
        _make_sqlite_search()
    else:
        for table, _, _ in TABLES:
            op.execute(POSTGRES.format(table=table))


def downgrade() -> None:
    """Undo it."""
    for table, _, _ in TABLES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TABLE search_{table}")
        op.drop_table(table)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_mark")


def _all(table: str, key: str, owner: str) -> Iterator[list[dict[str, Any]]]:
    connection = op.get_bind()
    newest = connection.execute(sa.select(sa.func.max(sa.table(owner, sa.column("id")).c.id))).scalar() or 0
    for after in range(0, newest, STRIDE):
        rows = connection.execute(sa.text(SOURCES[table]), {"after": after, "until": after + STRIDE})
        yield [{key: id, "words": terms.words(f"{first} {second or ''}")} for id, first, second in rows]


def _make_sqlite_search() -> None:
    op.execute("CREATE TABLE search_mark (name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID")
    mark = sa.table("search_mark", sa.column("name"), sa.column("until"))
    for table, key, _ in TABLES:
        op.bulk_insert(mark, [{"name": table, "until": 0}])
        for statement in SQLITE:
            op.execute(statement.format(table=table, key=key))

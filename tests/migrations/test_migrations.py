"""The migrations produce the tables that the code declares, on both databases, and keep their data."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kumoi import app, migrations
from kumoi.kernel import counts, processes
from kumoi.kernel.database import Database, metadata
from tests.databases import PostgreSQL
from tests.migrations.filled import differences, fill


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty one."""
    app.load_services()
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'kumoi.db'}")
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        made = Database(server.url(server.fresh()))
    yield made
    made.close()


def test_migrations_make_what_the_code_declares(database: Database) -> None:
    migrations.upgrade(database)
    migrations.upgrade(database)
    current, newest = migrations.at(database)
    assert current == newest is not None
    with database.connection() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found = [change for change in compare_metadata(context, metadata) if "toy_" not in str(change)]
    assert found == [], "python -m kumoi.migrations MESSAGE writes what is missing"


def test_there_is_one_head() -> None:
    assert len(migrations.scripts().get_heads()) == 1, "python -m kumoi.migrations --merge joins them"


def test_names() -> None:
    names = [path.name for path in (migrations.HERE / "versions").glob("*.py")]
    assert names and [name for name in names if not migrations.NAME.fullmatch(name)] == []


def history(folder: Path = migrations.HERE) -> list[str]:
    """Every revision, parents first."""
    return [script.revision for script in migrations.scripts(folder).walk_revisions()][::-1]


def test_rows_of_every_earlier_version_are_kept(database: Database) -> None:
    """At each revision every table gets a row, so that the next one meets rows of all earlier revisions."""
    kept = []
    for revision in history():
        migrations.upgrade(database, revision)
        kept.append(fill(database))
        tables = [name for name in metadata.tables if not name.startswith("toy_")]
        assert len(kept[-1]) == len(tables) or revision != history()[-1]
    for rows in kept:
        assert differences(database, rows, migrations.scripts()) == []
    assert database.read(counts.differences) == []


def test_the_newest_tables_have_the_triggers_of_counts(database: Database) -> None:
    """A later migration may make a table anew, and lose its triggers."""
    migrations.upgrade(database)
    wanted = {name for count in counts.registry.values() for name in count.triggers(database.dialect)}
    for _ in range(2):
        with database.connection() as connection, connection.begin():
            assert set(counts.installed(connection)) == wanted
            counts.remove(connection)
        migrations.upgrade(database)


# The tests' own migration histories.

HERE = migrations.HERE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder without migrations."""
    made = tmp_path / "migrations"
    shutil.copytree(HERE, made, ignore=shutil.ignore_patterns("__pycache__", "*_*.py"))
    (made / "versions").mkdir(exist_ok=True)
    return made


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite database, because SQLite has fewer ways to change a table."""
    app.load_services()
    made = Database(f"sqlite:///{tmp_path / 'kumoi.db'}")
    yield made
    made.close()


def declared(*more: str) -> sa.MetaData:
    """Two tables, one of which refers to the other; `more`: columns of the other."""
    tables = sa.MetaData(naming_convention=metadata.naming_convention)
    columns = [sa.Column(name, sa.String(8), nullable=True) for name in more]
    sa.Table(
        "playlists", tables, sa.Column("id", sa.String(36), primary_key=True), sa.Column("name", sa.String(9)), *columns
    )
    owner = sa.Column("playlist_id", sa.ForeignKey("playlists.id", ondelete="CASCADE"))
    sa.Table("playlist_tracks", tables, sa.Column("id", sa.String(36), primary_key=True), owner)
    return tables


def write(database: Database, folder: Path, message: str, tables: sa.MetaData) -> Path:
    """A new migration, applied at once."""
    if migrations.scripts(folder).get_heads():
        migrations.upgrade(database, folder=folder)
    path = migrations.new(database, message, folder, tables)
    migrations.upgrade(database, folder=folder)
    return path


def test_branches_that_each_add_one_merge_without_an_edit(small: Database, folder: Path, tmp_path: Path) -> None:
    first = write(small, folder, "add playlists", declared())
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    ours = write(small, folder, "playlists have moods", declared("mood"))
    rows = fill(small)
    # The other branch has not seen ours: its database is another.
    second = Database(f"sqlite:///{tmp_path / 'second.db'}")
    theirs = write(second, other, "playlists have colours", declared("colour"))
    second.close()
    texts = {path.name: path.read_text() for path in (first, ours, theirs)}
    shutil.copy(theirs, folder / "versions")
    assert len(migrations.scripts(folder).get_heads()) == 2
    assert migrations.merge(folder) is not None and migrations.merge(folder) is None
    assert {name: (folder / "versions" / name).read_text() for name in texts} == texts
    # A database that has ours gets theirs, and an empty one gets both.
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    for upgraded in (small, empty):
        migrations.upgrade(upgraded, folder=folder)
        with upgraded.connection() as connection:
            names = {column["name"] for column in sa.inspect(connection).get_columns("playlists")}
        assert names == {"id", "name", "mood", "colour"}
    empty.close()
    assert differences(small, rows, migrations.scripts(folder)) == []
    assert len(history(folder)) == 4


def test_what_is_written_passes_the_formatter(small: Database, folder: Path) -> None:
    path = write(small, folder, "Add playlists, and more", declared())
    assert migrations.NAME.fullmatch(path.name) and path.name.endswith("_add_playlists_and_more.py")
    for words in (["format", "--check"], ["check"]):
        config = ["--config", str(HERE.parents[2] / "pyproject.toml")]
        processes.run([sys.executable, "-m", "ruff", *words, *config, str(path)])


def test_a_rebuilt_table_keeps_the_rows_that_refer_to_it(small: Database, folder: Path) -> None:
    """SQLite changes a column by creating its table again."""
    write(small, folder, "add playlists", declared())
    rows = fill(small)
    tables = declared()
    tables.tables["playlists"].c.name.nullable = False
    write(small, folder, "playlists have names", tables)
    assert differences(small, rows, migrations.scripts(folder)) == []
    with small.connection() as connection:
        columns = {column["name"]: column for column in sa.inspect(connection).get_columns("playlists")}
    assert not columns["name"]["nullable"]


def test_rows_that_refer_to_none_are_refused(small: Database, folder: Path) -> None:
    path = write(small, folder, "add playlists", declared())
    fill(small)
    text = path.read_text().split("def upgrade")[0].replace("down_revision = None", "down_revision = revision")
    revision = migrations.scripts(folder).get_heads()[0]
    text = text.replace(f'revision = "{revision}"', 'revision = "wrong"', 1).replace("= revision", f'= "{revision}"')
    wrong = folder / "versions" / "29990101T000000_wrong.py"
    wrong.write_text(text + 'def upgrade() -> None:\n    op.execute("DELETE FROM playlists")\n')
    with pytest.raises(RuntimeError, match="refer to none"):
        migrations.upgrade(small, folder=folder)
    with small.connection() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM playlists").scalar() == 1


def test_what_is_lost_is_seen(small: Database, folder: Path) -> None:
    """A migration that drops or changes values declares them in LOSES."""
    write(small, folder, "add playlists", declared())
    rows = fill(small)
    script = migrations.new(small, "forget", folder, declared())
    text = script.read_text().replace("    pass\n", "")
    text += "    op.execute(\"UPDATE playlists SET name = 'x'\")\n    op.drop_table('playlist_tracks')\n"
    script.write_text(
        text.replace("import sqlalchemy as sa\n", "").replace('"""\n', '"""\n\nfrom alembic import op\n', 1)
    )
    migrations.upgrade(small, folder=folder)
    said = ["playlist_tracks is gone", "playlists.name changed"]
    assert differences(small, rows, migrations.scripts(folder)) == said
    script.write_text(script.read_text() + '\n\nLOSES = ("playlist_tracks", "playlists.name")\n')
    assert differences(small, rows, migrations.scripts(folder)) == []

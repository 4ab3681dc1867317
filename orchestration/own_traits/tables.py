"""Own traits in the warehouse: `marts.custom_traits`, one row an account, kept until a build makes
a better one.

Enters: the built marts, the compiled models. Leaves: the table, the JSON members that are sent, the
names that are no traits any more; or OwnTraitsFailed, and all is as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

from orchestration.configuration.traits_folder import OwnTraitsFailed
from orchestration.own_traits.compiled import Column, OwnModel, OwnModels
from orchestration.own_traits.declared import KEY
from reverse_sync.values.counted import counted

TABLE = "custom_traits"
LONGEST = 2_000  # characters of a text: each account's are sent in one request
ACCOUNTS = "marts.accounts"
CREATE = """
create schema if not exists custom;
create table if not exists custom.retired (trait varchar);
create table if not exists custom.members (account_id varchar, members varchar);
"""
COLUMNS = """
select column_name, data_type from duckdb_columns()
where database_name = current_database() and schema_name = $schema and table_name = $name
order by column_index
"""
# Each as a row of what is wrong with the rows of a model: how many, and the first account.
ROWS = {
    "more than one row of {accounts}, first {first}: one row an account": (
        "select account_id from {model} where account_id is not null"
        " group by account_id having count(*) > 1"
    ),
    "no row of {accounts}, first {first}: begin with ref('accounts') and join the rest to it": (
        f"select account_id from {ACCOUNTS} where account_id not in"
        " (select account_id from {model} where account_id is not null)"
    ),
    "{rows} of accounts that the marts do not have, first {first}: begin with ref('accounts')": (
        "select account_id from {model} where account_id is null or account_id not in"
        f" (select account_id from {ACCOUNTS})"
    ),
}
SAID = (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException)


@contextmanager
def bringing(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that the block does or nothing; the models themselves are there for it alone. DuckDB
    cannot drop within a transaction what it filled in it."""
    database.execute("drop schema if exists own_traits cascade")
    database.execute("create schema own_traits")
    database.execute("begin")
    try:
        database.execute(CREATE)
        yield
        database.execute("commit")
    except BaseException:
        with suppress(duckdb.TransactionException):  # DuckDB may have ended it
            database.execute("rollback")
        raise
    finally:
        database.execute("drop schema own_traits cascade")


def bring(database: duckdb.DuckDBPyConnection, own: OwnModels, before: list[str]) -> None:
    """Within `bringing`. `before`: the traits that the last build had."""
    problems = [line for model in own.models for line in _made(database, model)]
    if problems:
        raise OwnTraitsFailed("\n".join(problems))
    database.execute(f"drop table if exists marts.{TABLE}")
    database.execute("delete from custom.members")
    if own.models:
        _join(database, own)
    now = [column.name for model in own.models for column in model.traits]
    _retire(database, {*before} - {*now}, now)


def marts(database: duckdb.DuckDBPyConnection) -> set[str]:
    """Names that no own model can have."""
    query = "select table_name from duckdb_tables() where schema_name = 'marts'"
    return {name for (name,) in database.execute(query).fetchall()}


def were_there(database: duckdb.DuckDBPyConnection) -> bool:
    """Whether there ever were own traits, good or wrong."""
    query = "select 1 from duckdb_schemas() where database_name = current_database()"
    return bool(database.execute(f"{query} and schema_name = 'custom'").fetchall())


def traits(database: duckdb.DuckDBPyConnection) -> list[str]:
    """The own traits that the warehouse has."""
    return [name for name, _ in _columns(database, "marts", TABLE) if name != KEY]


def _columns(database: duckdb.DuckDBPyConnection, schema: str, name: str) -> list[tuple[str, str]]:
    return database.execute(COLUMNS, {"schema": schema, "name": name}).fetchall()


def _made(database: duckdb.DuckDBPyConnection, model: OwnModel) -> list[str]:
    """What is wrong with it once it is a table; what DuckDB refuses is raised."""
    table = f'own_traits."{model.name}"'
    try:
        database.execute(f"create table {table} as (\n{model.sql}\n)")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        # A value of a customer's may stand in DuckDB's words, not where it cannot even begin.
        why = str(error).splitlines()[0] if isinstance(error, SAID) else type(error).__name__
        raise OwnTraitsFailed(f"{model.file}: DuckDB cannot run it: {why}") from None
    wrong = list(_wrong_columns(database, model))
    return wrong or [*_wrong_rows(database, model, table), *_too_long(database, model, table)]


def _wrong_columns(database: duckdb.DuckDBPyConnection, model: OwnModel) -> Iterator[str]:
    there = dict(_columns(database, "own_traits", model.name))
    declared = {column.name: column for column in model.columns}
    for name in there.keys() - declared.keys():
        yield f"{model.file}: column '{name}' is not in the YAML: add it, or do not select it"
    for name, column in declared.items():
        if name not in there:
            yield f"{model.file}: column '{name}' is in the YAML and not selected"
        elif (wanted := _type(database, column)) != there[name]:
            yield (
                f"{model.file}: column '{name}' is {there[name]}, the YAML says {wanted}:"
                f" cast({name} as {wanted.lower()}), or correct data_type"
            )


def _type(database: duckdb.DuckDBPyConnection, column: Column) -> str:
    """In DuckDB's words. What it does not take is no type of ours."""
    query = f"select typeof(cast(null as {column.data_type}))"
    [(found,)] = database.execute(query).fetchall()
    return str(found)


def _wrong_rows(database: duckdb.DuckDBPyConnection, model: OwnModel, table: str) -> Iterator[str]:
    for text, query in ROWS.items():
        wrong = query.format(model=table)
        [(count, first)] = database.execute(
            f"select count(*), min(account_id) from ({wrong})"
        ).fetchall()
        if count:
            found = {"accounts": counted(count, "account"), "rows": counted(count, "row")}
            yield f"{model.file}: {text.format(**found, first=first)}"


def _too_long(database: duckdb.DuckDBPyConnection, model: OwnModel, table: str) -> Iterator[str]:
    for name, kind in _columns(database, "own_traits", model.name):
        if kind == "VARCHAR" and name != KEY:
            longest = f'select coalesce(max(length("{name}")), 0) from {table}'
            [(characters,)] = database.execute(longest).fetchall()
            if characters > LONGEST:
                yield (
                    f"{model.file}: column '{name}' has a text of {characters:,} characters;"
                    f" {LONGEST:,} are the most"
                )


def _join(database: duckdb.DuckDBPyConnection, own: OwnModels) -> None:
    """All of them side by side, with the descriptions that the report and `explain` show."""
    names = [(model.name, column.name) for model in own.models for column in model.traits]
    columns = "".join(f', "{model}"."{name}"' for model, name in names)
    joins = "".join(
        f' inner join own_traits."{model.name}" as "{model.name}"'
        f' on accounts.account_id = "{model.name}".account_id'
        for model in own.models
    )
    database.execute(
        f"create table marts.{TABLE} as"
        f" select accounts.account_id{columns} from {ACCOUNTS} as accounts{joins} order by 1"
    )
    database.execute(f"insert into custom.members {own.members}")
    for comment in _comments(own):
        database.execute(comment)


def _comments(own: OwnModels) -> Iterator[str]:
    yield f"comment on table marts.{TABLE} is 'One row an account: the traits of TRAITS_DIR.'"
    yield f"comment on column marts.{TABLE}.{KEY} is 'The account. From accounts.account_id.'"
    for model in own.models:
        for column in model.traits:
            said = f"{column.description.rstrip('.')}. From {model.file}.".replace("'", "''")
            yield f"comment on column marts.{TABLE}.\"{column.name}\" is '{said}'"


def _retire(database: duckdb.DuckDBPyConnection, gone: set[str], now: list[str]) -> None:
    """Those that are gone are sent as null, those that are back no more."""
    database.execute("delete from custom.retired where trait in (select unnest(?))", [now])
    database.execute(
        "insert into custom.retired select unnest(?::varchar[])"
        " except select trait from custom.retired",
        [sorted(gone)],
    )

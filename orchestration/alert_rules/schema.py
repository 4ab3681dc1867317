"""The tables in which the warehouse keeps what alert rules noticed; two of them are published.

`alert_rules` has a row a rule, `alerts` a row an occasion. `alert_states`, `alert_amounts`
and `alert_days` are what the next judgement is compared with: whether an account changed, its MRR,
and MRR by day.
"""

import duckdb

TABLES = ("alert_rules", "alerts")
CREATE = """
create schema if not exists alerts;
create table if not exists alerts.alert_rules (
    rule varchar, kind varchar, definition varchar, judged_at timestamp
);
create table if not exists alerts.alerts (
    number bigint, rule varchar, kind varchar, account_id varchar, occasion varchar,
    happened_at timestamp, noticed_at timestamp, currency varchar,
    amount decimal(38, 3), amount_before decimal(38, 3), is_news boolean
);
create table if not exists alerts.alert_amounts (
    account_id varchar, currency varchar, mrr decimal(38, 3), last_paid decimal(38, 3)
);
create table if not exists alerts.alert_states (account_id varchar, state ubigint);
create table if not exists alerts.alert_days (day date, currency varchar, mrr decimal(38, 3));
create table if not exists alerts.alert_basis (basis varchar, last_move bigint);
comment on table alerts.alert_rules is 'One row an alert rule, as it was last judged.';
comment on column alerts.alert_rules.rule is 'Name of the rule. From alerts.yml.';
comment on column alerts.alert_rules.kind is 'What it looks for. From alerts.yml.';
comment on column alerts.alert_rules.definition is
    'What it is judged by, as JSON. From alerts.yml.';
comment on column alerts.alert_rules.judged_at is
    'The as_of at which it was last judged. Unit: UTC.';
comment on table alerts.alerts is
    'One row an occasion that an alert rule noticed: a churn, a fall of MRR, a trial, a move.';
comment on column alerts.alerts.number is 'Rises with each row.';
comment on column alerts.alerts.rule is 'Name of the rule. From alerts.yml.';
comment on column alerts.alerts.kind is 'What happened. From alerts.yml.';
comment on column alerts.alerts.account_id is
    'The account; null where it is about the whole business.';
comment on column alerts.alerts.occasion is
    'With rule and account, what makes it one occasion: none is noticed twice.';
comment on column alerts.alerts.happened_at is
    'When it happened, or when the trial will end. Unit: UTC.';
comment on column alerts.alerts.noticed_at is
    'The as_of of the judgement that noticed it. Unit: UTC.';
comment on column alerts.alerts.currency is
    'Currency of the amounts; null: there are none. Unit: ISO code in lower case.';
comment on column alerts.alerts.amount is
    'MRR that was lost or that a trial would add; of a fall, the MRR after it.'
    ' Unit: major units of currency a month. From accounts and revenue_at_risk.';
comment on column alerts.alerts.amount_before is
    'Of a fall of MRR, the MRR before it. Unit: major units of currency a month. From accounts.';
comment on column alerts.alerts.is_news is
    'Whether it is told; false: it was there when the rule was first judged.';
"""
EXIST = """
select count(*) = 6 from duckdb_tables()
where database_name = current_database() and schema_name = 'alerts'
"""


def exist(database: duckdb.DuckDBPyConnection) -> bool:
    """Whether rules were ever judged here."""
    row = database.execute(EXIST).fetchone()
    return bool(row and row[0])

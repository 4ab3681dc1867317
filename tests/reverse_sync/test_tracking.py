"""Who owns the tracking config: enabling replaces, says what, and gives it back."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.configuration.settings import Settings
from orchestration.terminal.reporter import LogReporter
from reverse_sync.stores.target import Target
from reverse_sync.stores.url import opened
from reverse_sync.values.tracking import (
    RULES,
    STRIPE_SETTINGS,
    Mode,
    Setting,
    SettingChange,
    Tracking,
    WrongSetting,
    editing,
    enabling,
    overridden,
    restoring,
)

AT = datetime(2025, 6, 15, tzinfo=UTC)
OWN = {aspect: Setting(aspect, f"app.{aspect}", RULES[aspect][0], "operator") for aspect in RULES}


class Config:
    """The tracking config of a store, and its history."""

    def __init__(self, settings: dict[str, Setting]) -> None:
        self.tracking = Tracking(settings)
        self.history: list[SettingChange] = []

    def change(self, *changes: SettingChange) -> None:
        self.history += changes
        settings = {**self.tracking.settings, **{c.new.aspect: c.new for c in changes}}
        modes = [c.mode for c in self.history if c.mode]
        self.tracking = Tracking(settings, modes[-1] if modes else None)

    def enable(self, mode: Mode) -> None:
        self.change(*enabling(self.tracking, mode=mode))

    def restore(self, *aspects: str) -> None:
        self.change(*restoring(self.tracking, self.history, aspects=aspects))

    def traits(self) -> dict[str, str | None]:
        return {aspect: setting.trait for aspect, setting in self.tracking.settings.items()}


def stripes(mode: Mode, *aspects: str) -> dict[str, str | None]:
    return {s.aspect: s.trait for s in STRIPE_SETTINGS[mode] if s.aspect in aspects}


THREE = ("revenue", "churn", "renewal")


@pytest.mark.parametrize("mode", ["single", "multi"])
def test_enabling_goes_over_all_but_the_trial(mode: Mode) -> None:
    config = Config(dict(OWN))
    config.enable(mode)
    assert config.traits() == {**stripes(mode, *THREE), "trial": "app.trial"}
    assert overridden(config.history) == {aspect: OWN[aspect] for aspect in THREE}


def test_a_trial_setting_that_was_edited_in_sql_is_not_ours_any_more() -> None:
    config = Config({})
    config.enable("single")
    edited = Setting("trial", "app.trial", "end_date", "stripe")
    config.tracking = Tracking({**config.tracking.settings, "trial": edited}, "single")
    config.enable("multi")
    assert config.traits()["trial"] == "app.trial"


def test_the_first_setting_is_what_is_restored_after_any_number_of_changes_of_mode() -> None:
    config = Config(dict(OWN))
    for mode in ("single", "multi", "single"):
        config.enable(mode)
    config.restore("churn")
    assert config.traits()["churn"] == "app.churn"
    assert config.traits()["revenue"] == "stripe.mrr"
    config.restore()
    assert config.traits() == {aspect: f"app.{aspect}" for aspect in RULES}
    assert restoring(config.tracking, config.history) == ()


def test_what_an_operator_sets_later_stays_until_the_mode_changes() -> None:
    config = Config({})
    config.enable("single")
    edit = editing(config.tracking, aspect="renewal", trait="app.renews", rule="date")
    config.change(edit)
    config.enable("single")
    assert config.traits()["renewal"] == "app.renews"
    config.enable("multi")
    assert config.traits()["renewal"] is None
    assert overridden(config.history) == {"renewal": edit.new}
    config.restore()
    assert config.traits()["renewal"] == "app.renews"


@pytest.mark.parametrize(
    ("aspect", "trait", "rule", "text"),
    [
        ("mrr", "app.x", "amount", "mrr is no aspect; there are revenue"),
        ("trial", "app.x", "date", "trial knows no rule date; there are while_trialing"),
        ("trial", None, "end_date", "name a trait with every rule"),
        ("trial", "app.x", "none", "name a trait with every rule"),
    ],
)
def test_a_setting_that_nothing_can_read_is_refused(
    aspect: str, trait: str | None, rule: str, text: str
) -> None:
    with pytest.raises(WrongSetting, match=text):
        editing(Tracking(), aspect=aspect, trait=trait, rule=rule)


def test_nothing_is_restored_where_nothing_was_replaced() -> None:
    config = Config({"churn": OWN["churn"]})
    config.enable("single")
    with pytest.raises(WrongSetting, match=r"nothing of revenue was overridden; .* there is churn"):
        config.restore("revenue")


@pytest.fixture
def enabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which an operator's settings were replaced by enabling; its file."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data/accounts.db"
    path.parent.mkdir()
    with opened(Target(f"sqlite:///{path}")) as store:
        mine = [SettingChange(None, setting, None, "edited") for setting in OWN.values()]
        store.write_tracking(mine, at=AT)
        store.write_tracking(enabling(store.read_tracking(), mode="multi"), at=AT)
    return path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["tracking", *arguments])
    return result.exit_code, result.output


def test_the_command_shows_sets_and_restores(enabled: Path) -> None:
    code, text = run("--json")
    shown = json.loads(text)
    assert (code, shown["mode"]) == (0, "multi")
    assert shown["settings"]["revenue"]["trait"] == "stripe.allMrr"
    assert shown["overridden"]["revenue"]["trait"] == "app.revenue"
    code, text = run()
    assert "app.revenue as amount" in text
    assert run("restore", "revenue") == (
        0,
        "revenue: app.revenue as amount (was stripe.allMrr as amount)\n",
    )
    assert run("restore", "revenue") == (0, "nothing to change: it is so already\n")
    assert run("set", "trial", "app.until", "--rule", "end_date")[0] == 0
    assert run("set", "renewal")[1] == "renewal: not tracked (was not tracked)\n"
    with sqlite3.connect(enabled) as database:
        rows = database.execute(
            "select trait, rule, owner from tracking_config order by aspect"
        ).fetchall()
    assert rows == [
        ("stripe.subscriptionPayingCount", "paying_count", "stripe"),
        (None, "none", "operator"),
        ("app.revenue", "amount", "operator"),
        ("app.until", "end_date", "operator"),
    ]


def test_the_command_says_what_can_be_set(enabled: Path) -> None:
    code, text = run("set", "trial", "app.until", "--rule", "someday")
    assert code == 2
    assert "trial knows no rule someday; there are while_trialing, trialing_count" in text
    code, text = run("restore", "trial")
    assert code == 2
    assert "nothing of trial was overridden" in text


def test_a_run_says_what_it_overrode() -> None:
    lines: list[str] = []
    config = Config({"revenue": OWN["revenue"]})
    for change in enabling(config.tracking, mode="multi"):
        if change.old is not None:
            LogReporter(lines.append).overrode(change)
    (line,) = lines
    assert line.startswith("tracking of revenue read app.revenue and now reads stripe.allMrr;")

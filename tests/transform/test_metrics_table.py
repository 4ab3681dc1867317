"""What `make metrics` prints of MetricFlow's answer."""

from pathlib import Path

from orchestration.pages.metrics_table import table

ANSWER = """\
metric_time__month,account_month__currency,mrr,accounts,churn
2026-10-01 00:00:00,usd,1717650.0,1200,0.01234567
2026-11-01 00:00:00,kwd,12.345,7,
"""


def test_amounts_counts_and_ratios_are_written_out(tmp_path: Path) -> None:
    (tmp_path / "answer.csv").write_text(ANSWER)
    header, *rows = [line.split() for line in table(tmp_path / "answer.csv").splitlines()]
    assert header[2:] == ["mrr", "accounts", "churn"]
    assert rows == [
        ["2026-10-01", "usd", "1,717,650.00", "1,200", "0.0123"],
        ["2026-11-01", "kwd", "12.345", "7"],
    ]


def test_an_answer_without_rows_is_its_header(tmp_path: Path) -> None:
    (tmp_path / "answer.csv").write_text("metric_time__month,mrr\n")
    assert table(tmp_path / "answer.csv") == "metric_time__month  mrr"


def test_a_group_named_by_a_stranger_does_not_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "answer.csv").write_text('account,mrr\n"\x1b[2Jevil\n\u202e",10.0\n')
    shown = [line.split() for line in table(tmp_path / "answer.csv").splitlines()]
    assert shown == [["account", "mrr"], ["\\u001b[2Jevil\\n\\u202e", "10.00"]]

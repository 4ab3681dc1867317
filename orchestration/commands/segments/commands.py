"""`stripe-traits segments`: saved conditions on accounts, who fulfils them, who came and went."""

import json as to_json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands.segments.saved import (
    given_segments,
    published_copy,
    saved_segment,
    saved_segments,
    settings_here,
)
from orchestration.terminal.failures import WrongUsage, explained
from orchestration.terminal.output import Json, console
from orchestration.terminal.printable import printable
from reverse_sync.values.counted import counted

if TYPE_CHECKING:
    from report.segments.definition import Segment

app = typer.Typer(
    help="Accounts that fulfil saved conditions, by any trait or metadata key. They stand in"
    " segments.yml (SEGMENTS_FILE), and every refresh judges who is in them: the tables segments"
    " and segment_members of marts.duckdb say since when.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="The segment's name.")]


@app.command("list")
def list_them(json: Json = False) -> None:
    """All segments, their accounts and MRR, and how these moved in the last 30 days."""
    with explained():
        from report.segments.published_segments import summaries

        rows = summaries(published_copy(settings_here()))
    if json:
        _print_json(rows)
    elif rows:
        from orchestration.pages.segment_lines import listed

        console.print(listed(rows))
    else:
        console.print("no segment was judged yet: save one in segments.yml, or import it, and sync")


@app.command()
def show(name: Name, json: Json = False) -> None:
    """One segment: conditions, MRR and accounts, how they moved, who came and who left."""
    with explained():
        from report.segments.published_segments import judged, summaries

        settings = settings_here()
        segment, copy = saved_segment(settings, name), published_copy(settings)
        found = [one for one in summaries(copy) if one["segment"] == name]
        mrr, members, moved = (
            judged(copy, what, segment=name) for what in ("mrr", "members", "moved")
        )
    if json:
        figures = {
            "judged": found[0] if found else None,
            "mrr": mrr,
            "members": members,
            "moved": moved,
        }
        _print_json({**segment.as_data(), **figures})
        return
    from orchestration.pages.segment_lines import listed, paid, shown

    console.print(_yaml(segment), markup=False, highlight=False, end="")
    console.print(listed(found), paid(mrr))
    console.print(*shown({"accounts": members, "came and left": moved}))


@app.command()
def count(name: Name, json: Json = False) -> None:
    """How many accounts fulfil a segment's conditions now, whether it was judged or not."""
    with explained():
        from report.segments import published_segments

        settings = settings_here()
        found = published_segments.count(published_copy(settings), saved_segment(settings, name))
    if json:
        _print_json({"segment": name, "accounts": found})
    else:
        console.print(counted(found, "account"), highlight=False)


@app.command()
def export(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which segments; none named: all.")
    ] = None,
) -> None:
    """Print segments as YAML, as `segments import` takes it."""
    with explained():
        from report.segments.segments_file import written

        settings = settings_here()
        chosen = (
            [saved_segment(settings, name) for name in names] if names else saved_segments(settings)
        )
        text = written(chosen)
        shown = text if printable(text) == text else written(chosen, in_ascii=True)
        typer.echo(shown, nl=False)


@app.command("import")
def import_them(
    file: Annotated[
        Path, typer.Argument(help="YAML as `segments export` prints it; - is standard input.")
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Segments of the same name give way.")
    ] = False,
) -> None:
    """Save segments beside those that are there. The next refresh judges who is in them."""
    with explained():
        from report.segments import published_segments
        from report.segments.segments_file import change

        settings, given = settings_here(), given_segments(file)
        for one in given:  # names a field that does not exist, and a wrong value
            published_segments.count(published_copy(settings), one)
        names = {one.name for one in given}

        def with_given(kept: list["Segment"]) -> list["Segment"]:
            if (twice := names & {one.name for one in kept}) and not replace:
                raise WrongUsage(
                    f"segment '{min(twice)}' is there already: rename it, or import with --replace"
                )
            return [*(one for one in kept if one.name not in names), *given]

        change(settings.segments_file, with_given)
    console.print(f"{len(given)} saved in {settings.segments_file}", highlight=False, markup=False)


def _yaml(segment: "Segment") -> str:
    from report.segments.segments_file import written

    return written([segment])


def _print_json(data: Any) -> None:
    console.print_json(to_json.dumps(data, default=str))

"""`stripe-traits mcp`: the report's questions as tools of an assistant, over standard input."""

from importlib.util import find_spec

from orchestration.terminal.failures import WrongUsage, explained


def mcp() -> None:
    """Answer an assistant's questions on the published copy, by the Model Context Protocol.

    It speaks on standard input and output, and is started by the assistant's program; it only
    reads. docs/operations.md has what to write into that program's settings.
    """
    with explained():
        if find_spec("mcp") is None:
            raise WrongUsage("mcp needs the extra 'mcp': docs/operations.md, An assistant")
        from orchestration.configuration.environment import read_settings

        settings = read_settings(for_stripe=False)
        from orchestration.assistant import server

        server(settings.marts).run("stdio")

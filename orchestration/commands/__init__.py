"""One module a command or family of commands; `orchestration.cli` puts them together."""

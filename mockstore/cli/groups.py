"""How commands are found: by a table, each loaded when it is called; and how they fail: in one line."""

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click
from msgspec import Struct

from mockstore.cli.terminal_text import safe
from mockstore.errors import MockstoreError

INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended: 128 + SIGINT."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
"""What a disk says that takes no more of the output."""
CLOSED_PIPE = 141
"""What shells expect of a program whose reader went away: 128 + SIGPIPE."""


class RefusalError(click.ClickException):
    """The command cannot do what it was asked; the message is printed as one line."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ANN401, ARG002 - as click declares it
        """Print the message to stderr."""
        line = safe(" ".join(self.format_message().split()))
        click.echo(f"{click.style('mockstore:', fg='red')} {line}", err=True)


class Entry(Struct, frozen=True):
    """A command in the table: the module that has it (under its own name there), and its short help."""

    module: str
    help: str


class Group(click.Group):
    """A group that names the nearest command when there is none of that name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begin with."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            near = get_close_matches(args[0], known, n=2)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"commands: {', '.join(known)}"
            raise click.UsageError(f"no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; its help gets those examples of the group that are its own, unless it has some."""
        super().add_command(cmd, name)
        lines = (self.epilog or "").splitlines()
        own = [line for line in lines if f"{line.strip()} ".startswith(self.beginnings(name or cmd.name or ""))]
        if own and cmd.epilog is None:
            cmd.epilog = "\n".join(["\b", "Examples:", *own])

    def beginnings(self, called: str) -> tuple[str, ...]:
        """Return how examples of a command begin."""
        return (f"mockstore {self.name} {called} ",)


class DefaultGroup(Group):
    """A group whose first command is meant when none is named: `webhooks` lists them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the default command before arguments that name none."""
        completing = ctx.resilient_parsing and not args  # then the shell asks which commands there are
        if not completing and (not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)):
            args = [self.list_commands(ctx)[0], *args]
        return super().parse_args(ctx, args)

    def beginnings(self, called: str) -> tuple[str, ...]:
        """Return the same, and for the command that is meant without a name, how it begins then."""
        named = super().beginnings(called)
        is_meant = called == next(iter(self.commands))
        return (*named, f"mockstore {self.name} -") if is_meant else named

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click declares it
        """Return the names in the order of their definition."""
        return list(self.commands)


class LazyGroup(Group):
    """The root: imports a command's module when the command is called, and turns errors into one line each."""

    def __init__(self, *, sections: Mapping[str, Mapping[str, Entry]], **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(**settings)
        self._sections = sections
        self._entries = {name: entry for section in sections.values() for name, entry in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click declares it
        """Return the names in the order of the table."""
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click declares it
        """Import the command."""
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        found = getattr(import_module(f"mockstore.cli.{entry.module}"), cmd_name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as click declares it
        """Write the table, importing none of it."""
        for title, entries in self._sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(11), entry.help) for name, entry in entries.items()])

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click declares it
    ) -> click.Context:
        """Parse what comes before the command's name."""
        with in_one_line():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click declares it
        """Run the command."""
        with in_one_line():
            return super().invoke(ctx)


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn whatever a user can cause into one line on stderr and an exit code."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else "mockstore"
        text = error.format_message().rstrip(".").replace(" a valid integer range", " a whole number")
        raise RefusalError(f"{text} (see `{path} --help`)") from None
    except MockstoreError as error:
        raise RefusalError(in_words_of_the_command(str(error))) from None
    except BrokenPipeError:
        _silence()
        raise click.exceptions.Exit(CLOSED_PIPE) from None
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _silence()
        raise RefusalError(f"cannot write what there is to say: {error.strerror}") from None
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None


def in_words_of_the_command(text: str) -> str:
    """Return an error text of the library with the option that a command has for a Python keyword."""
    sentence = text.replace("pass invalid=True", "add --invalid").replace("\nTo send", ". To send")
    return "; ".join(line.strip() for line in sentence.splitlines()).replace(":;", ":")


def _silence() -> None:
    """Send what is still to be flushed nowhere, or Python complains about the closed pipe when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""Write which options mysqld has and what they may be, which `settings` is checked against, from the server itself.

`python -m lab.variables <mysqld>`, where that starts the server of an image, as tests/sql does. What a line of the file
means is said in components/mysql/options.py.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "components/mysql/variables"
_NO_WORD = "neither"
_SWITCH = {0: "FALSE", 1: "TRUE"}
_SMALL = ("--performance-schema=OFF", "--innodb-buffer-pool-size=32M", "--mysqlx=OFF", "--skip-networking")
_VARIABLES = """
SELECT REPLACE(VARIABLE_NAME, '_', '-'), DATA_TYPE, MIN_VALUE, MAX_VALUE
FROM performance_schema.variables_metadata
"""
_ENGINES = "SELECT ENGINE FROM information_schema.ENGINES WHERE SUPPORT IN ('YES', 'DEFAULT') ORDER BY SUPPORT"
#: Options whose value is one of the names that a server keeps in a table of its own.
_NAMES = {
    "character-set-server": "SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS",
    "collation-server": "SELECT COLLATION_NAME FROM information_schema.COLLATIONS",
    "default-storage-engine": _ENGINES,
    "default-tmp-storage-engine": _ENGINES,
}


class Server:
    """A server that is asked what its options are."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.help = self.run("--verbose", "--help").stdout
        self.defaults = self.table(self.help)

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        command = [self.program, "--no-defaults", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def values(self, **given: object) -> dict[str, str]:
        """What the options are when some are given; none where the server refuses one."""
        done = self.run(*(f"--{name}={value}" for name, value in given.items()), "--verbose", "--help")
        # The status does not tell what is wrong with an engine's own option.
        return {} if done.returncode or "[ERROR]" in done.stderr else self.table(done.stdout)

    @staticmethod
    def table(said: str) -> dict[str, str]:
        """The table at the end of --verbose --help."""
        rows = said.partition("\nVariables (--variable-name=value)")[2].partition("\n\n")[0]
        return {name: value for name, value in re.findall(r"^([a-z][a-z0-9-]*)(?: +(.*))?$", rows, re.MULTILINE)}

    def names(self) -> list[str]:
        """The names of all options."""
        options = re.findall(r"^  (?:-\S, |-\S\[\S+\], )?--([a-z][a-z0-9-]*)", self.help, re.MULTILINE)
        return sorted({*options, *self.defaults})

    def ask(self, *questions: str) -> list[list[list[str]]]:
        """The answers of a server that runs, each as rows of words."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o777)
            files = [Path(folder) / f"answer-{number}" for number in range(len(questions))]
            sql = Path(folder) / "questions.sql"
            asked = [
                f"{' '.join(each.split())} INTO OUTFILE '{file}';\n"
                for each, file in zip(questions, files, strict=True)
            ]
            sql.write_text("".join([*asked, "SHUTDOWN;\n"]))
            place = (f"--datadir={folder}/data", "--user=root", *_SMALL)
            for more in (["--initialize-insecure"], [f"--init-file={sql}", f"--secure-file-priv={folder}"]):
                self.run(*place, *more, f"--socket={folder}/socket")
            return [[line.split("\t") for line in file.read_text().splitlines()] for file in files]


def read(program: Path) -> str:
    """Return the text of the file of a server's series.

    Args:
        program: What starts the server.
    """
    server = Server(program)
    variables, *named = server.ask(_VARIABLES, *_NAMES.values())
    names = server.names()
    known = {name: found for name, *found in variables}
    kinds = {name: kind(server, name, *known.get(name, ())) for name in names if name in server.defaults}
    kinds |= {name: " ".join(["named", *(row[0] for row in rows)]) for name, rows in zip(_NAMES, named, strict=True)}
    [version] = re.findall(r"Ver (\S+)", server.help)
    source = f"# mysqld {version}: its --verbose --help and its own tables, written by lab/variables.py\n"
    return source + "".join(f"{name} {kinds.get(name, '')}".rstrip() + "\n" for name in names)


def kind(server: Server, name: str, of: str = "", least: str = "", most: str = "") -> str:
    """Return what an option may be, as components/mysql/options.py reads it; nothing where that cannot be told.

    Args:
        server: The server.
        name: The option's name.
        of: What the server's table of variables calls it. Default: it is not there.
        least: The smallest number that it may be there.
        most: The largest one.
    """
    match of:
        case "Integer":
            return f"whole {least} {most}"
        case "Numeric":
            # The table has the bits of these limits, not their values.
            low, high = (server.values(**{name: f"{sign}1e300"}).get(name, "") for sign in ("-", ""))
            return f"number {low} {high}"
        case _ if server.defaults[name] in _SWITCH.values():
            # An option that takes any text, too, keeps it.
            is_one = all(server.values(**{name: word}).get(name) == value for word, value in _SWITCH.items())
            return "switch" if is_one else ""
        case "Set" if re.search(r"=(on|off)\b", server.defaults[name]):
            return " ".join(["flags", *re.findall(r"(\w+)=", server.defaults[name])])
        case _ if server.values(**{name: _NO_WORD}):
            return ""
        case _:
            none, both = (server.values(**{name: number}).get(name) for number in (0, 3))
            several = none == "" or "," in (both or "")
            words = _words(server, name, (lambda number: 2**number) if several else int)
            # Of one word alone another build of the server may have more.
            return " ".join(["some" if several else "one", *_alone(words)]) if several or len(words) > 1 else ""


def _words(server: Server, name: str, of: Callable[[int], int]) -> list[str]:
    """The words of an option, which takes their numbers, too."""
    found: list[str] = []
    while (word := server.values(**{name: of(len(found))}).get(name)) not in (None, str(of(len(found))), *found):
        found.append(word)
    return found


def _alone(words: list[str]) -> list[str]:
    """Words, where one that stands for several is printed beside those."""
    single = {word for word in words if "," not in word}
    own = [next(iter({*word.split(",")} - single), word) if "," in word else word for word in words]
    return [word for word in own if not word.startswith("NOT_USED")]


if __name__ == "__main__":
    text = read(Path(sys.argv[1]))
    [series] = re.findall(r"mysqld (\d+\.\d+)", text.partition("\n")[0])
    file = FOLDER / f"{series}.txt"
    file.write_text(text)
    print(file)

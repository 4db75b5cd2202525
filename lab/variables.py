"""Write the names of mysqld's options, which `settings` may have, from the server itself.

`python -m lab.variables < help.txt`, where help.txt is what `mysqld --no-defaults --verbose --help` of an image says.
"""

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "components/mysql/variables"


def write(said: str) -> Path:
    """Write the file of the server's series.

    Args:
        said: What `mysqld --no-defaults --verbose --help` says.
    """
    version = re.findall(r"Ver (\S+)", said)[0]
    options, _, table = said.partition("\nVariables (--variable-name=value)")
    names = {
        *re.findall(r"^  (?:-\S, |-\S\[\S+\], )?--([a-z][a-z0-9-]*)", options, re.MULTILINE),
        *re.findall(r"^([a-z][a-z0-9-]*)(?= |$)", table.partition("\n\n")[0], re.MULTILINE),
    }
    source = f"# mysqld --no-defaults --verbose --help of version {version}, written by lab/variables.py\n"
    file = FOLDER / f"{'.'.join(version.split('.')[:2])}.txt"
    file.write_text(source + "".join(f"{name}\n" for name in sorted(names)))
    return file


if __name__ == "__main__":
    print(write(sys.stdin.read()))

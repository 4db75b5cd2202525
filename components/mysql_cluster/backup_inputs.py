"""What is allowed in the input `backup` of a cluster: what is for one server, but for the binary log."""

from typing import Any

from ..inputs import validation
from ..inputs.errors import REMOVE, InputError
from ..inputs.record import Record, Rule
from ..mysql import backup_inputs as one
from ..mysql.backup_inputs import Backup


def _point_in_time(key: str, value: Any) -> list[InputError]:
    rule = "not for MySqlCluster: its binary log is in several servers' volumes"
    return validation.true_or_false(key, value) or validation.check(value is False, key, value, rule, REMOVE)


RULES = Record(Backup, {**one.RULES.rules, "point_in_time": Rule(_point_in_time, default=False, plain=True)})
"""The rules and defaults of `backup`: one server's, but for the log."""

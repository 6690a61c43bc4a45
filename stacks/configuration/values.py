"""How the programs of a preview read a scalar: each takes its own words for a truth value, a number or a duration."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError


def _matching(pattern: str, sentence: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise PydanticCustomError("value", sentence)
        return value

    return AfterValidator(check)


Named = Annotated[str, StringConstraints(min_length=1)]
"""Text that must say something."""

GrafanaFlag = Annotated[str, _matching(r"1|0|[tTfF]|TRUE|True|true|FALSE|False|false|\$.*", "must be true or false")]
"""A truth value as Grafana reads it, or a variable."""

GrafanaWhole = Annotated[str, _matching(r"[-+]?\d{1,18}|\$.*", "must be a whole number")]
"""A whole number as Grafana reads it, or a variable."""

Organisation = Annotated[str, _matching(r"[01]|\$.*", "must be 1, the only organisation that a new Grafana has")]

Uid = Annotated[str, _matching(r"[a-zA-Z0-9_-]{0,40}|.*\$.*", "must be at most 40 of a-z, A-Z, 0-9, - and _")]
"""A uid of a folder, a dashboard or a data source."""

Flag = Annotated[
    str,
    _matching(
        r"true|True|TRUE|false|False|FALSE|y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF", "must be true or false"
    ),
]
"""A truth value as YAML knows it."""

Number = Annotated[str, _matching(r"[-+]?(\d[\d_]{0,17}(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?", "must be a number")]

Whole = Annotated[str, _matching(r"[-+]?\d{1,18}", "must be a whole number")]

Duration = Annotated[str, _matching(r"(\d+(\.\d+)?(ms|s|m|h|d|w|y))+|0", "must be a duration such as 15s")]
"""A time as VictoriaMetrics reads it."""

Scheme = Annotated[str, _matching(r"(?i:https?)", "must be http or https")]

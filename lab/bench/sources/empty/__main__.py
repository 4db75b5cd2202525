"""Nothing: what the engine and Python cost by themselves."""

import pulumi

pulumi.export("nothing", "")

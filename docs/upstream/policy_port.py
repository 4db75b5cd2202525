"""Shows that a policy pack in Python tells its port only when its output is unbuffered.

Run it where pulumi and pulumi-policy are installed: `python docs/upstream/policy_port.py`. It needs no cluster and no
Pulumi CLI: it starts a pack as the engine does, with a pipe, and waits for the line with the port.
"""

import importlib
import os
import select
import subprocess
import sys

PACK = """
import pulumi_policy as policy
policy.PolicyPack("any", [policy.ResourceValidationPolicy("any", "any", lambda args, report: None)])
"""
SECONDS = 5


def told(**variables: str) -> bool:
    """Whether the pack's port arrives in time."""
    own = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", PACK, "127.0.0.1:1", "."]
    reading, writing = os.pipe()
    with subprocess.Popen(command, env={**own, **variables}, stdout=writing) as pack:
        try:
            return bool(select.select([reading], [], [], SECONDS)[0]) and os.read(reading, 64).strip().isdigit()
        finally:
            pack.kill()


if __name__ == "__main__":
    importlib.import_module("pulumi_policy")
    print(f"as it is: {'the port' if told() else f'no port in {SECONDS} s'}")
    print(f"with PYTHONUNBUFFERED=1: {'the port' if told(PYTHONUNBUFFERED='1') else f'no port in {SECONDS} s'}")

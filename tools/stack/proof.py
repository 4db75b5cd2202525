"""Proof that the wiring works: the auth service stores a user in MySQL and finds it again, through DB_HOST."""

import json
import secrets
import subprocess

from tools import images
from tools.console import Problem, console, step

from . import Stack


def show(stack: Stack) -> None:
    """Register and log in a user through the auth service of a stack.

    The requests go through the API server to the Service, so this works from anywhere that `kubectl` works.

    Raises:
        Problem: The auth service did not do what it should.
    """
    values = json.loads(stack.run("pulumi", "config", "--json").stdout)
    setting = {key.partition(":")[2]: entry["value"] for key, entry in values.items()}
    outputs = json.loads(stack.run("pulumi", "stack", "output", "--json").stdout)
    if setting["authImage"] != images.REFERENCES["authenticate"]:
        console.print("The auth pod is ready, so its database answered it (its readiness probe).", markup=False)
        return
    service = f"/api/v1/namespaces/{outputs['namespace']}/services/{setting['authName']}-service:{setting['authPort']}"
    user = {"username": f"proof-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}

    def post(path: str, body: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return stack.run("kubectl", "create", "--raw", f"{service}/proxy{path}", "-f", "-", text=json.dumps(body))

    with step(f"prove it: register and log in {user['username']} through DB_HOST"):
        for path in ("/register", "/login"):
            done = post(path, user)
            if done.returncode:
                raise Problem(f"POST {path} failed: {(done.stdout + done.stderr).strip()}", "kubectl logs the auth pod")
        if post("/login", {**user, "password": "wrong"}).returncode == 0:
            raise Problem("the auth service accepted a wrong password", "look at its code")
    console.print(f"DB_HOST={outputs['databaseHost']}", markup=False)

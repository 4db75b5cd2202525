"""The processes of a stack's runs: which are alive, and what a killed one left running."""

from collections.abc import Iterator, Mapping

import psutil

#: What Pulumi is called, and the commands of it that change a stack.
CLI = "pulumi"
CHANGING = {"up", "update", "destroy", "refresh", "import", "cancel", "state"}
#: In the environment of all that a run of ours starts, whatever it is called; a user's shell does not have it.
RUN = "KUBEAUTH_RUN"
#: A plugin gets this long to end by itself.
GRACE_SECONDS = 3


def _of_stack(variables: Mapping[str, str]) -> Iterator[psutil.Process]:
    """Pulumi's processes of this user that got these variables, and what they started."""
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            environment = process.environ()
            # The names are cut at 15 characters: pulumi-resource, pulumi-language. The policy pack is called python.
            ours = process.name().startswith(CLI) or RUN in environment
            if ours and all(environment.get(name) == value for name, value in variables.items()):
                yield process
        except (psutil.Error, OSError):
            continue


def runs(variables: Mapping[str, str]) -> list[psutil.Process]:
    """The Pulumi commands that change the stack right now.

    Args:
        variables: The variables that tell this stack's processes from all others.
    """
    found = []
    for process in _of_stack(variables):
        try:
            if process.name() == CLI and CHANGING & set(process.cmdline()[1:3]):
                found.append(process)
        except psutil.Error:
            continue
    return found


def orphans(variables: Mapping[str, str]) -> list[psutil.Process]:
    """Plugins, language hosts and policy packs whose Pulumi was killed.

    They may still be creating or deleting what it asked for last, and they hold the lock that they inherited.
    """
    found = []
    for process in _of_stack(variables):
        try:
            if process.name() != CLI and not any(parent.name() == CLI for parent in process.parents()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def end(processes: list[psutil.Process]) -> None:
    """End processes and what they started, and wait until they are gone."""
    everything: list[psutil.Process] = []
    for process in processes:
        try:
            everything += [process, *process.children(recursive=True)]
        except psutil.Error:
            continue
    for process in everything:
        try:
            process.terminate()
        except psutil.Error:
            continue
    _, stubborn = psutil.wait_procs(everything, GRACE_SECONDS)
    for process in stubborn:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(stubborn, GRACE_SECONDS)

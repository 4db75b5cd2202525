"""What the gate stops: every rule by its name, with why it matters and what to do instead."""

from . import capacity, checks, data, moves, plain, protection, reach, rights
from .base import Context, Rule, Settings

SERVER_VERSION, SERVERS, MORE_SERVERS = "server-version", "servers", "more-servers"
OF_UP = (SERVER_VERSION, SERVERS)
"""The rules that `up` asks, too."""

#: Every rule, by the name that the comment, the JSON and the settings use.
RULES: dict[str, Rule] = {
    "namespace": Rule(
        data.namespace,
        "everything in a Namespace is deleted with it",
        "keep the Namespace; move workloads to another one by dump and restore",
        loses=True,
    ),
    "claim": Rule(
        data.claim,
        "a deleted claim takes its volume and the data along",
        "keep its name and namespace, or tell Pulumi with an alias that it only has another name in the program",
        loses=True,
    ),
    "storage-class": Rule(
        data.storage_class,
        "a claim's class cannot change, so an empty claim takes its place",
        "make a second claim with the new class, and move the data by backup and restore",
        loses=True,
    ),
    "claim-shrinks": Rule(
        data.shrunk_claim,
        "a claim cannot shrink",
        "keep the size, or move the data to a smaller claim by backup and restore",
        loses=True,
    ),
    "data": Rule(
        data.holder,
        "what holds data is deleted or replaced, and nothing else says where the data goes",
        "keep it, or back it up first; an alias keeps what only has another name in the program",
        loses=True,
    ),
    "database": Rule(
        data.database,
        "clients have no database, or find an empty one",
        "keep its name, namespace and selector, its volume and its folder there",
        loses=True,
    ),
    SERVER_VERSION: Rule(
        data.server_version,
        "a server that does not open its data does not start",
        "follow the upgrade paths in docs/guides/previews.md",
        loses=True,
    ),
    SERVERS: Rule(
        moves.servers,
        "one server and several keep their data in different forms, so the new database is empty",
        "dump the schema, deploy with nobody writing, load the dump (docs/guides/many-servers.md)",
        loses=True,
    ),
    MORE_SERVERS: Rule(
        moves.more_servers,
        "while the data is copied nobody writes",
        "deploy it when few write",
    ),
    "shards": Rule(
        moves.shard,
        "rows were moved to other shards, and their old servers go",
        "deploy it when nobody wants them back: `kubeauth reshard --back` needs them",
    ),
    "selector": Rule(
        reach.selector,
        "a selector decides which pods are the workload's or get the traffic",
        "keep it, and put what is new into other labels",
    ),
    "wider-service": Rule(
        reach.wider,
        "what was reachable inside the cluster only, or by few, is reachable by more",
        "keep ClusterIP, list the networks that may come, or name it as meant",
    ),
    "network-policy": Rule(
        reach.dropped_policy,
        "what a NetworkPolicy denied is allowed",
        "keep it, and allow only the peers and ports that are needed",
    ),
    "protected": Rule(
        data.protected,
        "Pulumi refuses it until the protection is taken off",
        "take the protection off in a change of its own, and deploy that first",
    ),
    "protection": Rule(
        protection.protection,
        "what keeps data from being deleted, or brings it back, is gone when it is needed",
        "keep it; where the data shall go, say so in the change that deletes it",
    ),
    "tls": Rule(
        protection.tls,
        "passwords and rows travel in plain text, or to whoever answers",
        "renew the certificate, or give the client its CA (docs/guides/production.md)",
    ),
    "account": Rule(
        rights.account,
        "clients know a database's schemas and accounts by name",
        "add the new name beside the old one, move the clients and the tables, then drop the old one",
    ),
    "rights": Rule(
        rights.allowed,
        "rights in the whole cluster, or wildcards, reach what belongs to others",
        "use a Role in one namespace that names resources and verbs",
        also_new=True,
    ),
    "plain-secret": Rule(
        plain.plain_secret,
        "a secret in plain text is in git, in the state and in every comment",
        "keep it with `pulumi config set --secret` or in a Secret, and change it: it counts as known by now",
        also_new=True,
    ),
    "quota": Rule(
        capacity.exceeded,
        "a namespace without room takes no more pods",
        "raise the ResourceQuota, or ask for less",
        also_new=True,
    ),
    "weaker-checks": Rule(
        checks.weaker,
        "what checks every change lets more pass from now on",
        "keep it, or change it in a pull request of its own that says why",
        also_new=True,
    ),
}

__all__ = ["MORE_SERVERS", "OF_UP", "RULES", "Context", "Rule", "Settings"]

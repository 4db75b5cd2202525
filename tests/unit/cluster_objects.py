"""Objects as a cluster reports them, in the state that a test wants."""

from cli.stack.namespace import REVISION

LABELS = {"app.kubernetes.io/part-of": "kubeauth", "app.kubernetes.io/component": "auth"}


def deployment(name="authenticate", *, ready=False, component="auth", claim="", conditions=()):
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    return {
        "kind": "Deployment",
        "metadata": {
            "name": f"{name}-deployment",
            "uid": f"{name}-d",
            "generation": 2,
            "labels": {**LABELS, "app.kubernetes.io/component": component},
            "annotations": {REVISION: "2"},
        },
        "spec": {
            "replicas": 1,
            "template": {"metadata": {"labels": {"name": f"{name}-selector"}}, "spec": {"volumes": volumes}},
        },
        "status": {
            "observedGeneration": 2,
            "replicas": 1,
            "updatedReplicas": 1,
            "availableReplicas": int(ready),
            "conditions": list(conditions),
        },
    }


def replica_set(name="authenticate", revision="2"):
    owner = [{"uid": f"{name}-d"}]
    metadata = {"uid": f"{name}-rs{revision}", "ownerReferences": owner, "annotations": {REVISION: revision}}
    return {"kind": "ReplicaSet", "metadata": metadata}


def pod(state, name="authenticate", revision="2", conditions=()):
    owner = [{"uid": f"{name}-rs{revision}"}]
    container = {"name": "main", "image": "localhost/x:1", "restartCount": 0, "state": {}, "lastState": {}, **state}
    return {
        "kind": "Pod",
        "metadata": {"name": f"{name}-pod", "uid": f"{name}-p{revision}", "ownerReferences": owner},
        "spec": {"containers": [{"name": "main", "resources": {"limits": {"memory": "256Mi"}}}]},
        "status": {"containerStatuses": [container], "conditions": list(conditions)},
    }


def event(about, reason, message):
    return {"kind": "Event", "involvedObject": {"uid": about}, "reason": reason, "message": message}


def waiting(why, message=""):
    return {"started": False, "state": {"waiting": {"reason": why, "message": message}}}


RUNNING = {"started": True, "state": {"running": {}}}


def claim(class_name):
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "mysqlauth-data", "uid": "claim"},
        "spec": {"storageClassName": class_name},
        "status": {"phase": "Pending"},
    }

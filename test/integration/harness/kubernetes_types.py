"""Compares manifests with the types of the Kubernetes API and of the custom resources that they use.

TypeScript's compiler finds names that a type does not have, wrong types and missing fields; the validators of the
same packages find what the schemas of custom resources restrict further (formats, enumerations, ranges). Neither
knows the rules of an API server that relate several fields.
"""

import json
import re
import shutil
import subprocess

import pytest

from .kubernetes import tools
from .timing import scaled

MODULES = {
    "v1": "kubernetes-models/v1",
    "apps/v1": "kubernetes-models/apps/v1",
    "policy/v1": "kubernetes-models/policy/v1",
    "networking.k8s.io/v1": "kubernetes-models/networking.k8s.io/v1",
    "cert-manager.io/v1": "@kubernetes-models/cert-manager/cert-manager.io/v1",
    "trust.cert-manager.io/v1alpha1": "@kubernetes-models/cert-manager/trust.cert-manager.io/v1alpha1",
    "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
}
_OPTIONS = {"strict": True, "noEmit": True, "module": "nodenext", "target": "es2022", "skipLibCheck": True, "types": []}
_VALIDATE = """
import {readFileSync} from "node:fs";
for (const {name, module, kind, document} of JSON.parse(readFileSync("manifests.json"))) {
  const Model = (await import(module))[kind];
  try { new Model(document).validate(); } catch (error) { console.log(`${name}: ${kind}: ${error.message}`); }
}
"""


def errors(directory, manifests):
    """Returns the errors of all documents as sentences. manifests: name -> documents."""
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not installed")
    modules = tools() / "node_modules"
    directory.mkdir(exist_ok=True)
    (directory / "node_modules").symlink_to(modules)
    entries = [{"name": name, "module": MODULES[document["apiVersion"]], "kind": document["kind"], "document": document}
               for name, documents in manifests.items() for document in documents]
    lines = []
    for number, entry in enumerate(entries):
        text = json.dumps(entry["document"], indent=1)
        lines += [f"export const d{number}: import(\"{entry['module']}\").I{entry['kind']} =", *text.splitlines()]
    (directory / "manifests.ts").write_text("\n".join(lines) + "\n")
    (directory / "manifests.json").write_text(json.dumps(entries))
    (directory / "tsconfig.json").write_text(json.dumps({"compilerOptions": _OPTIONS, "files": ["manifests.ts"]}))
    (directory / "validate.mjs").write_text(_VALIDATE)
    compiled = _run([node, str(modules / "typescript/bin/tsc"), "-p", "."], directory)
    found = [_located(line, lines, entries) for line in compiled.stdout.splitlines() if line.strip()]
    assert compiled.returncode == 0 or found, compiled.stderr
    validated = _run([node, "validate.mjs"], directory)
    assert validated.returncode == 0, validated.stderr
    return found + validated.stdout.splitlines()


def _run(command, directory):
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=scaled(120), check=False)


def _located(error, lines, entries):
    """Replaces the place in manifests.ts by the manifest's name."""
    match = re.match(r"manifests\.ts\((\d+),\d+\): error \w+: (.*)", error)
    if not match:
        return error
    number = sum(line.startswith("export const d") for line in lines[:int(match[1])]) - 1
    return f"{entries[number]['name']}: {entries[number]['kind']}: {match[2]}"

"""The JSON schema of the configuration: what is documented, and what runs, is valid for an independent validator.

Its verdicts about mistakes are compared with the loader's in test/config/loader/json_schema_test.py.
"""

import json
import re
import subprocess

import pytest
import yaml
from harness.proxy import REPOSITORY, configuration, run_command

jsonschema = pytest.importorskip("jsonschema", reason="tools/bootstrap --test installs python3-jsonschema")


@pytest.fixture(scope="module")
def validator():
    done = run_command("schema")
    assert done.returncode == 0, done.stderr
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def complete(document):
    return isinstance(document, dict) and {"listeners", "upstreams"} <= document.keys()


def tracked(pattern):
    listed = subprocess.run(["git", "-C", REPOSITORY, "ls-files", pattern], capture_output=True, text=True, check=True)
    return [(name, (REPOSITORY / name).read_text(encoding="utf-8")) for name in listed.stdout.split()]


def configurations():
    """(where, configuration) of every YAML file of the repository, those within ConfigMaps included."""
    for name, text in tracked("*.yaml"):
        if name.startswith("test/"):
            continue  # mistakes, for the fuzzers
        try:
            documents = list(yaml.safe_load_all(text))
        except yaml.YAMLError:
            continue  # a template
        for document in documents:
            if not isinstance(document, dict):
                continue
            inner = document.get("data") if document.get("kind") == "ConfigMap" else None
            for each in [document, *map(yaml.safe_load, (inner or {}).values())]:
                if complete(each):
                    yield name, each


def fragments():
    """(where, mapping) of every mapping in a YAML block of a page, or in a here document of its commands."""
    for name, text in tracked("*.md"):
        for block in re.findall(r"^(?:```yaml\n|.*\.yaml <<'EOF'\n)(.*?)^(?:```|EOF)", text, re.DOTALL | re.MULTILINE):
            try:
                document = yaml.safe_load(block)
            except yaml.YAMLError:
                continue
            if isinstance(document, dict):
                yield name, document


def without_requirements(schema):
    """The schema for fragments of a configuration: nothing has to be there."""
    if isinstance(schema, list):
        return [without_requirements(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    forms = schema.get("type") == "object" and "anyOf" in schema
    return {key: {name: without_requirements(each) for name, each in value.items()} if key == "properties" else
            without_requirements(value) for key, value in schema.items()
            if key != "required" and not (key == "anyOf" and forms)}


def mappings_in(schema):
    """The schemas of all mappings below this one."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for value in schema.values():
            yield from mappings_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from mappings_in(value)


def test_every_configuration_of_the_repository_is_valid(validator):
    names = set()
    for name, found in configurations():
        error = jsonschema.exceptions.best_match(validator.iter_errors(found))
        assert error is None, f"{name}: {error}"
        names.add(name)
    assert {"config/examples/minimal.yaml", "deploy/systemd/mantlet.yaml",
            "deploy/kubernetes/sidecar.yaml"} <= names, names


def test_every_fragment_of_a_page_is_valid_where_its_keys_are_known(validator):
    relaxed = without_requirements(validator.schema)
    mappings = list(mappings_in(relaxed))
    seen = set()
    for name, found in fragments():
        places = [each for each in mappings if found.keys() <= each["properties"].keys()]
        if not places:
            continue  # of something else than mantlet
        validators = [jsonschema.Draft202012Validator({"$defs": relaxed["$defs"]} | place) for place in places]
        assert any(each.is_valid(found) for each in validators), f"{name}: {found}"
        seen.add(name)
    assert {"README.md", "config/README.md", "certs/README.md", "deploy/grpc.md"} <= seen, seen


def test_the_configuration_with_every_default_is_valid(validator, launch, pki):
    status, shown = launch(configuration(pki)).get("/config", "admin")
    assert status == 200
    effective = yaml.safe_load(json.loads(shown)["effective_yaml"])
    assert effective["listeners"][0]["limits"]["header_bytes"] == "64KiB"
    error = jsonschema.exceptions.best_match(validator.iter_errors(effective))
    assert error is None, error


def test_a_misspelt_key_and_a_missing_trust_bundle_are_not(validator, pki):
    good = configuration(pki)
    assert validator.is_valid(good)
    assert not validator.is_valid(good | {"listners": []})
    without = json.loads(json.dumps(good))
    del without["listeners"][0]["client_auth"]
    assert not validator.is_valid(without)
    without["listeners"][0]["client_auth"] = {"mode": "none"}
    assert validator.is_valid(without)

"""Compares the loader with an independent validator of config/mantlet.schema.json.

Every mistake in the tables of this folder gets a verdict from both. What only the loader can refuse is listed below
with the reason, so that a new mistake is either seen by the schema or added here deliberately.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    sys.exit(f"{missing}; tools/bootstrap --test installs it")

FOLDER = pathlib.Path("test/config/loader")

# The mistakes that a schema cannot see, by reason.
LOADER_ONLY = {
    "the syntax is invalid, and so there is nothing to validate, or it is valid YAML that mantlet does not accept": """
        AnUnclosedQuote AnUnclosedBracket WrongIndentation AValueWithAColon ATabInTheIndentation AnAnchor AnAlias
        AnAnchorAndItsAlias ATag ASecondDocument AKeyThatStandsTwice AListAsKey AMissingKey BytesThatAreNotUtf8
        AControlCharacter ABlockOfText""",
    "the value of an environment variable is not known": "AnUnsetVariable AnEmptyVariable AVariableWithALineBreak",
    "a name refers to, or is compared with, another part of the file": """
        TwoTrustDomainsOfOneName TwoListenersOfOneName TwoListenersAtOneAddress MetricsAtTheAddressOfAListener
        MetricsAtTheSameAddressInAnotherSpelling AWildcardOverTheAddressOfAListener TwoUpstreamsOfOneName
        AForwardedPathTwice AForwardToAnUnknownUpstream AnUnknownUpstream TwoRulesOfOneName
        AnUpgradeSocketWithTheAddressOfAListener AProtocolTwice TwoHeadersThatFoldToOne""",
    "values of several keys contradict each other": """
        AMinimumAboveTheMaximum AHealthCheckWithoutPath AHealthCheckWithoutInterval ATcpCheckWithPath
        AHealthTimeoutBeyondItsInterval AnUpstreamOnTheNetwork SpiffeWithoutTrustDomains EmptySpiffe""",
    "a value of the right form has a special meaning": """
        AHeaderOfHttpItself TheHostHeader AHeaderOfMantletItself AWorldAccessibleAdminSocket AForwardedPathOfMantlet
        AForwardedPathWithQuery AHealthPathThatSplitsTheRequest ARuleNamedDefault AnAdminAddressOnTheNetwork
        NoProtocols MatchesNestedTooDeep""",
}


class Core(yaml.SafeLoader):
    """YAML 1.2, as editors and mantlet read it: only true and false are booleans, and no text is a date."""


Core.yaml_implicit_resolvers = {}
for tag, expression, first in (
        ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
        ("null", r"^(?:null|Null|NULL|~|)$", ["n", "N", "~", ""]),
        ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
        ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789")):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(expression), list(first))
Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node), 10))


def exported():
    """Yields the texts of the tables: (name, text, whether the loader accepts it)."""
    for table in sorted(FOLDER.glob("*_mistakes_test")):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([table], env=os.environ | {"MANTLET_MISTAKES": folder}, check=True,
                           stdout=subprocess.DEVNULL)
            for path in sorted(pathlib.Path(folder).iterdir()):
                yield path.stem, path.read_bytes(), path.suffix == ".accepted"


def faults():
    schema = json.loads(pathlib.Path("config/mantlet.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    expected = set(" ".join(LOADER_ONLY.values()).split())
    seen = 0
    for name, text, accepted in exported():
        try:
            document = yaml.load(text, Core)
            error = jsonschema.exceptions.best_match(validator.iter_errors(document))
        except (yaml.YAMLError, UnicodeDecodeError):
            error = "no YAML"
            if name not in expected:
                yield f"{name}: a YAML library cannot read it, and LOADER_ONLY does not list it"
        if accepted and error:
            yield f"{name}: the loader accepts it, the schema does not: {error}"
        if not accepted and not error and name not in expected:
            yield f"{name}: the loader refuses it, the schema does not, and LOADER_ONLY does not list it"
        if not accepted and error and error != "no YAML" and name in expected:
            yield f"{name}: the schema refuses it, too; remove it from LOADER_ONLY"
        expected.discard(name)
        seen += not accepted
    if expected:
        yield f"LOADER_ONLY lists what no table has: {', '.join(sorted(expected))}"
    if seen < 150:
        yield f"only {seen} mistakes were exported"
    for path in pathlib.Path("config/examples").glob("*.yaml"):
        for error in validator.iter_errors(yaml.load(path.read_bytes(), Core)):
            yield f"{path}: {error}"


found = list(faults())
for fault in found:
    print(fault)
sys.exit(bool(found))

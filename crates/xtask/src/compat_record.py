"""Evaluates the cases of tests/compat with the ansible-core of this Python.

Reads one JSON document from standard input: {"folder", "vars", "data", "cases": [{"kind", "text", "options"}]}.
Writes one JSON document to standard output: a list of {"value"} or {"error"}.
"""

import json
import math
import os
import subprocess
import sys
import tempfile

from ansible.errors import AnsibleError, AnsibleTemplateSyntaxError, AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

LARGE = 2**63


def trusted(value):
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(item) for item in value]
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return value


def encoded(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -LARGE <= value < LARGE else {"$int": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, (list, tuple)):
        return [encoded(item) for item in value]
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {str(key): encoded(item) for key, item in value.items()}
        return {"$map": [[encoded(key), encoded(item)] for key, item in value.items()]}
    return str(value)


def classified(error):
    seen = error
    while seen is not None:
        name = type(seen).__name__
        if isinstance(seen, AnsibleUndefinedVariable):
            return "undefined"
        if isinstance(seen, AnsibleTemplateSyntaxError):
            return "syntax"
        if name == "AnsibleValueOmittedError":
            return "omitted"
        seen = seen.__cause__
    return "other"


def files(cases, variables, folder):
    """Renders template files as the module `template` does, in one run of ansible-playbook."""
    with tempfile.TemporaryDirectory() as work:
        tasks = []
        for index, case in enumerate(cases):
            with open(os.path.join(work, f"{index}.j2"), "w", newline="") as file:
                file.write(case["text"])
            options = dict(case["options"], src=os.path.join(work, f"{index}.j2"), dest=os.path.join(work, f"{index}.out"))
            tasks.append({"name": str(index), "ansible.builtin.template": options, "ignore_errors": True})
        with open(os.path.join(work, "vars.json"), "w") as file:
            json.dump(variables, file)
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars_files": [os.path.join(work, "vars.json")],
            "vars": {"ansible_search_path": [folder]},
            "tasks": tasks,
        }
        with open(os.path.join(folder, ".compat-record.yml"), "w") as file:
            json.dump([play], file)
        program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
        environment = dict(os.environ, ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_NOCOLOR="1")
        try:
            run = subprocess.run(
                [program, "-i", "localhost,", "-e", "ansible_python_interpreter=" + sys.executable, file.name],
                cwd=folder, env=environment, capture_output=True, text=True, check=False,
            )
        finally:
            os.unlink(file.name)
        results = []
        for index in range(len(cases)):
            path = os.path.join(work, f"{index}.out")
            if os.path.exists(path):
                with open(path, newline="") as file:
                    results.append({"value": file.read()})
                continue
            told = run.stdout.split(f"TASK [{index}]", 1)[-1].split("TASK [", 1)[0]
            if any(words in told for words in ("is undefined", "has no attribute", "does not export")):
                results.append({"error": "undefined"})
            else:
                results.append({"error": "syntax" if "yntax error" in told else "other"})
        return results


def main():
    asked = json.load(sys.stdin)
    init_plugin_loader([])
    loader = DataLoader()
    loader.set_basedir(asked["folder"])
    os.chdir(asked["folder"])
    os.environ["HOME"] = "/home/recorder"
    os.environ["COMPAT"] = "from the environment"
    os.environ.pop("COMPAT_NOT_SET", None)
    results = []
    rendered = iter(files([case for case in asked["cases"] if case["kind"] == "file"], asked["vars"] | asked["data"], asked["folder"]))
    for case in asked["cases"]:
        if case["kind"] == "file":
            results.append(next(rendered))
            continue
        # Cases may change their variables in place, so every one gets new ones.
        variables = json.loads(json.dumps(asked["data"])) | trusted(asked["vars"])
        variables["ansible_search_path"] = [asked["folder"]]
        templar = Templar(loader=loader, variables=variables)
        text = trust_as_template(case["text"])
        try:
            value = templar.evaluate_conditional(text) if case["kind"] == "condition" else templar.template(text)
            results.append({"value": encoded(value)})
        except AnsibleError as error:
            results.append({"error": classified(error)})
    json.dump(results, sys.stdout)


main()

"""Writes what happens in a run of ansible-playbook as JSON lines, one object a line, to the file $CONVERGE_RECORD.

Used by `cargo xtask record-playbooks`; tests/playbooks/README.md says what is made of it.
"""

import json
import os

from ansible.plugins.callback import CallbackBase

# What these return is worded by the playbook, so it is compared. Other modules' messages are worded by Ansible.
SPEAKING = {"debug", "fail", "assert"}
COMMANDS = {"command", "shell", "raw", "script"}
INCLUDES = {"include_tasks", "include_role"}


def short(action):
    """The module's name without the collections that everybody leaves out."""
    for prefix in ("ansible.builtin.", "ansible.legacy."):
        action = action.removeprefix(prefix)
    return action


def is_rescued(task):
    """Whether a failure of this task is handed to the `rescue` of a block around it."""
    child, parent = task, task._parent
    while parent is not None:
        if getattr(parent, "rescue", None) and any(one._uuid == child._uuid for one in parent.block):
            return True
        child, parent = parent, parent._parent
    return False


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "converge_record"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._out = open(os.environ["CONVERGE_RECORD"], "a", encoding="utf-8")

    def _write(self, event, **fields):
        json.dump({"event": event, **fields}, self._out, ensure_ascii=False, default=str)
        self._out.write("\n")
        self._out.flush()

    def v2_playbook_on_play_start(self, play):
        inventory = play.get_variable_manager()._inventory
        hosts = inventory.get_hosts(play.hosts, order=play.order) if not play.finalized or play.hosts else []
        self._write("play", name=play.get_name(), hosts=[host.name for host in hosts])

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._task(task, False)

    def v2_playbook_on_handler_task_start(self, task):
        self._task(task, True)

    def _task(self, task, handler):
        # Ansible also puts meta tasks of its own in, one for each host.
        if short(task.action) != "meta":
            self._write("task", name=task.get_name(), module=short(task.action), handler=handler)

    def v2_playbook_on_include(self, included_file):
        for host in included_file._hosts:
            self._write("include", host=host.name, file=os.path.basename(included_file._filename))

    def v2_runner_on_ok(self, result):
        self._result("result", result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_skipped(self, result):
        self._result("result", result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self._result("result", result, "ignored" if result.task.ignore_unreachable else "unreachable")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        status = "ignored" if ignore_errors else "rescued" if is_rescued(result.task) else "failed"
        self._result("result", result, status)

    def v2_runner_item_on_ok(self, result):
        self._result("item", result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_item_on_skipped(self, result):
        self._result("item", result, "skipped")

    def v2_runner_item_on_failed(self, result):
        self._result("item", result, "failed")

    def _result(self, event, result, status):
        task, values, module = result.task, result.result, short(result.task.action)
        if module == "meta" or (module in INCLUDES and status == "ok"):
            return
        hidden = bool(values.get("_ansible_no_log")) or "censored" in values
        fields = {}
        if task.delegate_to and "results" not in values:
            # After no_log only the templated keyword of the task is left to tell.
            where = values.get("_ansible_delegated_vars", {}).get("ansible_delegated_host", task.delegate_to)
            fields["delegated"] = str(where)
        if hidden:
            fields["hidden"] = True
        if status == "ignored" and values.get("changed"):
            # Ansible counts such a task as changed too.
            fields["changed"] = True
        if event == "item" and not hidden:
            fields["item"] = values.get("_ansible_item_label", values.get(values.get("ansible_loop_var", "item")))
        if not hidden and status not in ("skipped", "unreachable") and "results" not in values:
            fields.update(self._returned(module, task, values, status))
        self._write(event, host=result.host.get_name(), status=status, **fields)

    def _returned(self, module, task, values, status):
        if status not in ("ok", "changed") and str(values.get("msg")).startswith("Task failed"):
            # The playbook's words could not be made; these are Ansible's.
            return {}
        if module == "debug" and "msg" not in values:
            return {"msg": values.get(str(task.args.get("var")))}
        if module in SPEAKING and "msg" in values:
            return {"msg": values["msg"]}
        if module in COMMANDS:
            return {key: values[key] for key in ("rc", "stdout", "stderr") if key in values}
        return {}

    def v2_playbook_on_stats(self, stats):
        names = {"failures": "failed"}
        for host in sorted(stats.processed):
            counts = {names.get(key, key): count for key, count in stats.summarize(host).items() if count}
            self._write("recap", host=host, counts=counts)

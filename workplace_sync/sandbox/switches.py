"""What nobody could find out about the real service: one switch for each such item, with the answer we assume.

`GET /_control/switches` shows them with their choices, `POST /_control/switches` sets some of them by name.
"""

from dataclasses import dataclass, fields
from typing import Literal, get_args, get_origin, get_type_hints


@dataclass(slots=True)
class Switches:
    """The assumed answers. The default is the first answer named below, and the value of each field.

    add_existing: adding somebody who is in answers success and changes nothing, or an error.
    remove_non_member: removing somebody who is not in answers {"success": false}, success, or an error.
    add_deactivated: adding a person whose account is deactivated is an error, or works.
    add_who_left: adding somebody who left by themselves works, or is an error.
    add_to_archived: adding to an archived group is an error, or works.
    remove_admin: removing an admin of the group works, or is an error.
    promote_non_member: making somebody an admin who is not in is an error, or adds them too.
    demote_last_admin: demoting the last admin works, or is an error.
    deactivated_listed: deactivated people are among a group's members.
    former_members: `/{group}/former_members` holds everybody who is out again, or only those who left by themselves.
    members_summary: `summary` on a group's members gives total_count; without, the parameter is ignored.
    joined: the members edge's `joined` is unix seconds, or an ISO time.
    limit_cap: the largest page of any edge, 0 for none; over_limit: a larger `limit` is cut to it, or is an error.
    cursor_depth: rows beyond which a cursor is refused, 0 for never.
    last_page_cursors: the last page of a list carries cursors too.
    stable_cursors: a cursor stays good when its row goes; without, it becomes an error.
    token_in_next: `next` and `previous` hold the access token, as the real service's did.
    default_version: the version that answers a call without one.
    over_50_code, over_50_text: the error for more than 50 operations in a batch.
    batch_delete_body: a DELETE operation of a batch may carry its parameters in `body`.
    dependent_on_failed: an operation whose parent failed is null, or an error.
    require_proof: every call must carry an appsecret_proof.
    stale_proof_code: the error for an appsecret_time older than five minutes.
    user_agent_required: a call without User-Agent is refused.
    missing_permission_code: the error for a permission the token lacks: 10, or 200 to 299.
    email_without_permission: the email field is left out, or an error.
    invalid_token_status: the HTTP status of an error 190.
    unknown_person_code: the error for adding somebody who is not in the community.
    me_permissions: `GET /me/permissions` lists what was granted (not documented for Workplace: ours).
    quota_calls, quota_seconds: calls allowed in so many seconds, 0 for no limit; X-App-Usage tells the share used,
        and beyond it comes error 4.
    webhook_actor: a webhook names who did it as an object with id and name, by the bare id, or not at all.
    webhook_removal_verb: what a webhook calls a removal from a group.
    webhook_signatures: the signature headers of a webhook.
    """

    add_existing: Literal["success", "error"] = "success"
    remove_non_member: Literal["false", "success", "error"] = "false"
    add_deactivated: Literal["error", "success"] = "error"
    add_who_left: Literal["success", "error"] = "success"
    add_to_archived: Literal["error", "success"] = "error"
    remove_admin: Literal["success", "error"] = "success"
    promote_non_member: Literal["error", "adds"] = "error"
    demote_last_admin: Literal["success", "error"] = "success"
    deactivated_listed: bool = True
    former_members: Literal["all", "left"] = "all"
    members_summary: bool = True
    joined: Literal["unix", "iso"] = "unix"
    limit_cap: int = 1000
    over_limit: Literal["cut", "error"] = "cut"
    cursor_depth: int = 0
    last_page_cursors: bool = True
    stable_cursors: bool = True
    token_in_next: bool = True
    default_version: str = "v18.0"
    over_50_code: int = 100
    over_50_text: str = "(#100) Too many requests in batch message. Maximum batch size is 50"
    batch_delete_body: bool = False
    dependent_on_failed: Literal["null", "error"] = "null"
    require_proof: bool = False
    stale_proof_code: int = 100
    user_agent_required: bool = False
    missing_permission_code: int = 10
    email_without_permission: Literal["left_out", "error"] = "left_out"
    invalid_token_status: int = 400
    unknown_person_code: int = 100
    me_permissions: bool = True
    quota_calls: int = 0
    quota_seconds: int = 3600
    webhook_actor: Literal["object", "id", "absent"] = "object"
    webhook_removal_verb: str = "remove"
    webhook_signatures: Literal["both", "sha1", "sha256"] = "both"

    def change(self, wanted: dict[str, object]) -> None:
        """Set the switches named; ValueError, before any is set, names every one that is unknown or ill-valued."""
        hints = get_type_hints(Switches)
        wrong = [
            f"{name}: no such switch"
            if name not in hints
            else f"{name}: {value!r} is not one of {_choices(hints[name])}"
            for name, value in wanted.items()
            if name not in hints or not _fits(value, hints[name])
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        for name, value in wanted.items():
            setattr(self, name, value)

    def values(self) -> dict[str, object]:
        """Return each switch's value."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def describe_switches() -> dict[str, dict[str, object]]:
    """Return each switch's default and choices."""
    hints = get_type_hints(Switches)
    return {each.name: {"default": each.default, "choices": _choices(hints[each.name])} for each in fields(Switches)}


def _choices(hint: object) -> list[object] | str:
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [False, True] if hint is bool else getattr(hint, "__name__", str(hint))


def _fits(value: object, hint: object) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    return type(value) is hint

from .api_tokens import api_token_revoke, api_tokens
from .aws_accounts import account, account_add, account_edit, accounts, owned_account_or_refuse
from .health import health
from .probes import admin_sign_in, favicon, live, ready
from .requests import SignedInRequest, scope_or_404, unusable
from .runs import refresh_account, resources_load, run
from .sign_ins import (
    sign_in,
    sign_in_accounts,
    sign_in_add,
    sign_in_cancel,
    sign_in_end,
    sign_in_forget,
    sign_in_list,
    sign_in_poll,
    sign_in_start,
    sign_ins,
)
from .teams import audit, member_remove, member_role, members, team_of_page

__all__ = [
    "SignedInRequest",
    "account",
    "account_add",
    "account_edit",
    "accounts",
    "admin_sign_in",
    "api_token_revoke",
    "api_tokens",
    "audit",
    "favicon",
    "health",
    "live",
    "member_remove",
    "member_role",
    "members",
    "owned_account_or_refuse",
    "ready",
    "refresh_account",
    "resources_load",
    "run",
    "scope_or_404",
    "sign_in",
    "sign_in_accounts",
    "sign_in_add",
    "sign_in_cancel",
    "sign_in_end",
    "sign_in_forget",
    "sign_in_list",
    "sign_in_poll",
    "sign_in_start",
    "sign_ins",
    "team_of_page",
    "unusable",
]

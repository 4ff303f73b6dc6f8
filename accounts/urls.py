"""Addresses of people, accounts and the health of both."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from accounts import views
from accounts.forms import SignInForm

urlpatterns = [
    path(
        "sign-in/",
        LoginView.as_view(
            template_name="accounts/sign_in.html", authentication_form=SignInForm, redirect_authenticated_user=True
        ),
        name="login",
    ),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/add/", views.account_add, name="account-add"),
    path("accounts/<int:pk>/", views.account, name="account"),
    path("accounts/<int:pk>/edit/", views.account_edit, name="account-edit"),
    path("accounts/sign-ins/", views.sign_ins, name="sso-sessions"),
    path("accounts/sign-ins/add/", views.sign_in_add, name="sso-add"),
    path("accounts/sign-ins/<int:pk>/", views.sign_in, name="sso-session"),
    path("accounts/sign-ins/<int:pk>/start", views.sign_in_start, name="sso-start"),
    path("accounts/sign-ins/<int:pk>/poll", views.sign_in_poll, name="sso-poll"),
    path("accounts/sign-ins/<int:pk>/cancel", views.sign_in_cancel, name="sso-cancel"),
    path("accounts/sign-ins/<int:pk>/sign-out", views.sign_in_end, name="sso-sign-out"),
    path("accounts/sign-ins/<int:pk>/forget", views.sign_in_forget, name="sso-forget"),
    path("accounts/sign-ins/<int:pk>/list", views.sign_in_list, name="sso-list"),
    path("accounts/sign-ins/<int:pk>/accounts/", views.sign_in_accounts, name="sso-accounts"),
    path("settings/members/", views.members, name="team-members"),
    path("settings/members/<int:pk>/role", views.member_role, name="team-member-role"),
    path("settings/members/<int:pk>/remove", views.member_remove, name="team-member-remove"),
    path("settings/audit/", views.audit, name="team-audit"),
    path("settings/api-tokens/", views.api_tokens, name="api-tokens"),
    path("settings/api-tokens/<int:pk>/revoke", views.api_token_revoke, name="api-token-revoke"),
    path("accounts/<int:pk>/refresh", views.refresh_account, name="account-refresh"),
    path("resources/load/", views.resources_load, name="resources-load"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("data-health/", views.health, name="health"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
]

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a user reaches who came in by a token: one team, and no role above `highest_role`."""

    team_id: int
    highest_role: str


class UserManager(BaseUserManager["User"]):
    """Makes users who sign in with their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Store a user; without a password nobody can sign in as them until one is set."""
        if not email:
            raise ValueError("A user needs an e-mail address: it is what they sign in with.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Store a platform admin, who may use the Django admin."""
        return self.create_user(email, password, **fields | {"is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find by e-mail address, upper and lower case alike."""
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person. What they may see follows from their memberships, within their reach."""

    reach: Reach | None = None  # of this request, no column; None: all that the memberships give

    username = None  # type: ignore[assignment] # the e-mail address is the name
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()  # type: ignore[assignment,misc] # ours makes users without a username

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="email_once_whatever_its_case"),
        ]

    def __str__(self) -> str:
        return self.email

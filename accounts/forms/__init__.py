from .people import ScopeForm, SignInForm

__all__ = ["ScopeForm", "SignInForm"]

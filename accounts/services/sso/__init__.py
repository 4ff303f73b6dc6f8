"""Sign-ins at IAM Identity Center: kept, begun, confirmed, renewed, ended, and the accounts behind them."""

"""What the events that gluecode puts on the account's event bus are called."""

SOURCE = "gluecode"
SUCCEEDED, FAILED = "Deployment succeeded", "Deployment failed"
DRIFT, REDEPLOY = "Drift found", "Redeploy requested"

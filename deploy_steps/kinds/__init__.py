"""One module for each kind of resource; `deploy_steps.registry` lists them."""

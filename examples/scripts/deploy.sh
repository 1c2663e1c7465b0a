#!/bin/sh
# Deploys a project with nothing but the AWS command line: brings its files up, starts the deployment, waits for its
# end, and prints its output. Exits with 1 when the deployment failed, and says why.
#
#   sh deploy.sh my-twin
#
# my-twin is the project's folder; its name is the project's. Starting the same files twice is one execution, because
# the execution is named after the project and a digest of its files' versions.
#
# GLUECODE_PREFIX   the installation, if it is not `gluecode`
# POLL_SECONDS      how often to look whether it has ended (5)
set -eu

folder=${1:?"name the project's folder: sh deploy.sh my-twin"}
project=$(basename "$folder")
prefix=${GLUECODE_PREFIX:-gluecode}

say() { echo "$*" >&2; }
sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }

# Where things are, is told by the installation itself.
stack_output() {
  aws cloudformation describe-stacks --stack-name "$1" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue"
}
bucket=$(stack_output "$prefix-artifacts" Bucket)
machine=$(stack_output "$prefix" DeployMachine)
table=$(stack_output "$prefix" StateTable)

aws s3 sync "$folder" "s3://$bucket/projects/$project/" --delete --no-progress \
  --exclude "*" --include "config*.json" --include "processors/*" --exclude "*__pycache__*" >&2

versions=$(aws s3api list-object-versions --bucket "$bucket" --prefix "projects/$project/" --output text \
  --query 'Versions[?IsLatest].[Key,VersionId,ETag]')
digest=$(echo "$versions" | grep -v '^None$' | LC_ALL=C sort | sha256 | cut -c1-12)

start() {
  name=$1
  execution="$(echo "$machine" | sed 's/:stateMachine:/:execution:/'):$name"
  refused=$(aws stepfunctions start-execution --state-machine-arn "$machine" --name "$name" \
    --input "{\"project\": \"$project\"}" 2>&1 >/dev/null) || return 1
  say "Started $name."
}
about() { aws stepfunctions describe-execution --execution-arn "$execution" --output text --query "$1"; }
is_deployed() {
  [ "$(about status)" = SUCCEEDED ] && [ "$execution" = "$(
    aws dynamodb get-item --table-name "$table" --output text --query Item.execution.S \
      --key "{\"twin\": {\"S\": \"$project\"}, \"item\": {\"S\": \"record\"}}"
  )" ]
}

if ! start "$(printf '%.48s-%s' "$project" "$digest")"; then
  case $refused in *ExecutionAlreadyExists*) ;; *) say "$refused"; exit 1 ;; esac
  if [ "$(about status)" = RUNNING ]; then
    say "Joined $name, which is under way."
  elif is_deployed; then
    say "These files were deployed by $name, and nothing was deployed since."
  else
    start "$name-$(date +%s)" || { say "$refused"; exit 1; }
  fi
fi

status=$(about status)
while [ "$status" = RUNNING ]; do
  sleep "${POLL_SECONDS:-5}"
  status=$(about status)
done
if [ "$status" != SUCCEEDED ]; then
  say "The deployment $name ended as $status. $(about error): $(about cause)"
  exit 1
fi
about output

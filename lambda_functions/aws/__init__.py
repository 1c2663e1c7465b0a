"""The adapter for AWS: what the functions ask of Lambda, SQS, DynamoDB, Secrets Manager, IoT, CloudWatch and X-Ray."""

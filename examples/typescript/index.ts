import * as pulumi from "@pulumi/pulumi";
import { AppNamespace, AuthService, MySqlDatabase } from "@kubeauth/kubeauth";

const config = new pulumi.Config();

const namespace = new AppNamespace("production-cloud", {});
const database = new MySqlDatabase("mysqlauth", {
    namespace: namespace.name,
    password: config.requireSecret("mysqlPassword"),
    rootPassword: config.requireSecret("mysqlRootPassword"),
    image: "localhost/mysql:9.7",
    nodePort: 32001,
    nodePortCidrs: ["10.99.0.0/16"],
    retainData: false,
    resources: { memoryLimit: "512Mi" },
});
const auth = new AuthService("authenticate", {
    image: "localhost/authenticate:1.0.0",
    database: database.connection,
    command: ["/bin/sh", "-c"],
    args: ["python run.py"],
    workingDir: "/build/authenticate_service",
});

export const databaseHost = auth.databaseHost;

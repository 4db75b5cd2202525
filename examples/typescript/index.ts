import * as pulumi from "@pulumi/pulumi";
import { AppNamespace, AuthService, MySqlDatabase } from "@kubeauth/kubeauth";

const config = new pulumi.Config();

const namespace = new AppNamespace("production-cloud", {});
const database = new MySqlDatabase("mysqlauth", {
    namespace: namespace.name,
    password: config.requireSecret("mysqlPassword"),
    rootPassword: config.requireSecret("mysqlRootPassword"),
    image: config.require("mysqlImage"),
    serviceType: "ClusterIP",
    backup: { schedule: "0 3 * * *", keep: 14 },
});
const auth = new AuthService("authenticate", {
    image: config.require("authImage"),
    database: database.connection,
});

export const databaseHost = auth.databaseHost;

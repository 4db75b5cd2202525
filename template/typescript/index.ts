import * as pulumi from "@pulumi/pulumi";
import { AppNamespace, AuthService, MySqlDatabase } from "@kubeauth/kubeauth";

const config = new pulumi.Config();
const namespace = new AppNamespace("${PROJECT}", {});
const database = new MySqlDatabase("mysql", {
    namespace: namespace.name,
    password: config.requireSecret("mysqlPassword"),
    rootPassword: config.requireSecret("mysqlRootPassword"),
    image: config.require("mysqlImage"),
});
const auth = new AuthService("auth", { image: config.require("authImage"), database: database.connection });

export const databaseHost = auth.databaseHost;

import * as pulumi from "@pulumi/pulumi";
import { AppNamespace, AuthService, MySqlDatabase, types } from "@kubeauth/kubeauth";

const config = new pulumi.Config();
const namespace = new AppNamespace("${PROJECT}", { resourceName: config.require("namespaceName") });
const platform = { imagePullSecrets: config.requireObject<string[]>("imagePullSecrets") };
const restoreFrom = config.requireObject<types.input.RestoreFromArgs>("mysqlRestoreFrom");
const database = new MySqlDatabase("mysql", {
    namespace: namespace.name,
    password: config.requireSecret("mysqlPassword"),
    rootPassword: config.requireSecret("mysqlRootPassword"),
    image: config.require("mysqlImage"),
    restoreFrom: Object.keys(restoreFrom).length ? restoreFrom : undefined,
    platform,
});
const auth = new AuthService("auth", { image: config.require("authImage"), database: database.connection, platform });

export const databaseHost = auth.databaseHost;

//! Roles that are meant to be given to people and to programs of people.

use super::table::{CORE, KnownBinding, KnownRole, READ, READ_WRITE, WRITE, bind, on, role, urls};

pub(super) const ROLES: &[KnownRole] = &[
    role("cluster-admin", &[on("*", "*", "*"), urls("*", "*")]),
    KnownRole { takes: "admin", ..role("admin", &[]) },
    KnownRole { into: "admin", takes: "edit", ..role("edit", &[]) },
    KnownRole { into: "edit", takes: "view", ..role("view", &[]) },
    KnownRole {
        into: "admin",
        ..role(
            "system:aggregate-to-admin",
            &[
                on("create", "authorization.k8s.io", "localsubjectaccessreviews"),
                on(READ_WRITE, "rbac.authorization.k8s.io", "rolebindings roles"),
            ],
        )
    },
    KnownRole {
        into: "edit",
        ..role(
            "system:aggregate-to-edit",
            &[
                on(READ, CORE, "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
                on("impersonate", CORE, "serviceaccounts"),
                on(WRITE, CORE, "pods pods/attach pods/exec pods/portforward pods/proxy"),
                on("create", CORE, "pods/eviction"),
                on(
                    WRITE,
                    CORE,
                    "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets \
                     serviceaccounts services services/proxy",
                ),
                on("create", CORE, "serviceaccounts/token"),
                on(WRITE, "core events.k8s.io", "events"),
                on(
                    WRITE,
                    "apps",
                    "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale \
                     statefulsets statefulsets/scale",
                ),
                on(WRITE, "autoscaling", "horizontalpodautoscalers"),
                on(WRITE, "batch", "cronjobs jobs"),
                on(
                    WRITE,
                    "extensions",
                    "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies \
                     replicasets replicasets/scale replicationcontrollers/scale",
                ),
                on(WRITE, "policy", "poddisruptionbudgets"),
                on(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
                on(READ_WRITE, "coordination.k8s.io", "leases"),
                on(WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
            ],
        )
    },
    KnownRole {
        into: "view",
        ..role(
            "system:aggregate-to-view",
            &[
                on(
                    READ,
                    CORE,
                    "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods \
                     replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
                ),
                on(
                    READ,
                    CORE,
                    "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status \
                     resourcequotas resourcequotas/status",
                ),
                on(READ, CORE, "namespaces"),
                on(READ, "core events.k8s.io", "events"),
                on(READ, "discovery.k8s.io", "endpointslices"),
                on(
                    READ,
                    "apps",
                    "controllerrevisions daemonsets daemonsets/status deployments deployments/scale \
                     deployments/status replicasets replicasets/scale replicasets/status statefulsets \
                     statefulsets/scale statefulsets/status",
                ),
                on(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
                on(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
                on(
                    READ,
                    "extensions",
                    "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses \
                     ingresses/status networkpolicies replicasets replicasets/scale replicasets/status \
                     replicationcontrollers/scale",
                ),
                on(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
                on(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
                on(READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
            ],
        )
    },
    role(
        "system:basic-user",
        &[
            on("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
            on("create", "authentication.k8s.io", "selfsubjectreviews"),
        ],
    ),
    role(
        "system:discovery",
        &[urls("get", "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/")],
    ),
    role("system:public-info-viewer", &[urls("get", "/healthz /livez /readyz /version /version/")]),
    role(
        "system:service-account-issuer-discovery",
        &[urls(
            "get",
            "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
        )],
    ),
    role(
        "system:monitoring",
        &[
            urls("get", "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz"),
            on("get", CORE, "nodes/metrics"),
        ],
    ),
    role(
        "system:auth-delegator",
        &[
            on("create", "authentication.k8s.io", "tokenreviews"),
            on("create", "authorization.k8s.io", "subjectaccessreviews"),
        ],
    ),
    role(
        "system:kubelet-api-admin",
        &[
            on(READ, CORE, "nodes"),
            on("proxy", CORE, "nodes"),
            on("*", CORE, "nodes/log nodes/metrics nodes/proxy nodes/stats"),
            on("*", CORE, "nodes/configz nodes/healthz nodes/pods"),
        ],
    ),
];

pub(super) const BINDINGS: &[KnownBinding] = &[
    bind("cluster-admin", "Group=system:masters"),
    bind("system:basic-user", "Group=system:authenticated"),
    bind("system:discovery", "Group=system:authenticated"),
    bind("system:public-info-viewer", "Group=system:authenticated Group=system:unauthenticated"),
    bind("system:service-account-issuer-discovery", "Group=system:serviceaccounts"),
    bind("system:monitoring", "Group=system:monitoring"),
];

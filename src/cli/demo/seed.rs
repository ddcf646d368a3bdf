//! What the demo's repositories hold when it starts.

/// The admin repository, without its teams: those are written by the same scaffold as `/create-team`.
pub(super) const ADMIN: &[(&str, &str)] = &[
    (
        "README.md",
        "# dev-cluster\n\nThe admin repository of the cluster `dev`. Everything below `cluster/` is applied by Flux.\n\nA \
         new team? Comment `/create-team NAME` on any issue here.\n",
    ),
    (
        "cluster/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  # cluster-wide objects, then \
         one directory per team\n  - common\n",
    ),
    (
        "cluster/common/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - roles.yaml\n",
    ),
    (
        "cluster/common/roles.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: namespace-reader\nrules:\n  - \
         apiGroups: [\"\"]\n    resources: [namespaces]\n    verbs: [get, list, watch]\n",
    ),
];

/// A team's repository with one workload.
pub(super) const TEAM: &[(&str, &str)] = &[
    (
        "kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - frontend.yaml\n",
    ),
    ("frontend.yaml", FRONTEND),
];

/// One Deployment that a restricted namespace would take.
pub(super) const FRONTEND: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: frontend
spec:
  replicas: 1
  selector:
    matchLabels:
      app: frontend
  template:
    metadata:
      labels:
        app: frontend
    spec:
      containers:
        - name: app
          image: ghcr.io/stefanprodan/podinfo:6.9.2
          resources:
            requests:
              cpu: 10m
              memory: 32Mi
            limits:
              memory: 64Mi
          securityContext:
            allowPrivilegeEscalation: false
            runAsNonRoot: true
            capabilities:
              drop: [ALL]
            seccompProfile:
              type: RuntimeDefault
";

/// A custom resource definition with two storage versions, and a role that may do everything.
pub(super) const GREEDY: &[(&str, &str)] = &[
    (
        "cluster/common/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - roles.yaml\n  - \
         canaries.yaml\n  - canary-operator.yaml\n",
    ),
    ("cluster/common/canaries.yaml", BAD_DEFINITION),
    (
        "cluster/common/canary-operator.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: canary-operator\nrules:\n  - \
         apiGroups: [\"*\"]\n    resources: [\"*\"]\n    verbs: [\"*\"]\n",
    ),
];

const BAD_DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: canaries.example.org
spec:
  group: example.org
  scope: Namespaced
  names:
    kind: Canary
    plural: canaries
  versions:
    - name: v1beta1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
";

/// The same, as a reviewer would take it.
pub(super) const MODEST: &[(&str, &str)] = &[
    ("cluster/common/canaries.yaml", GOOD_DEFINITION),
    (
        "cluster/common/canary-operator.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: canary-operator\nrules:\n  - \
         apiGroups: [example.org]\n    resources: [canaries]\n    verbs: [get, list, watch, update]\n",
    ),
];

const GOOD_DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: canaries.example.org
spec:
  group: example.org
  scope: Namespaced
  names:
    kind: Canary
    plural: canaries
  versions:
    - name: v1beta1
      served: true
      storage: false
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                target:
                  type: string
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                target:
                  type: string
";

/// A team that reaches into its neighbour's namespace, and for the cluster.
pub(super) const REACHING: &[(&str, &str)] = &[
    (
        "kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - frontend.yaml\n  - \
         neighbour.yaml\n",
    ),
    (
        "neighbour.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: surprise\n  namespace: team2\ndata:\n  from: team1\n",
    ),
];

/// A patch of the frontend, by the name that it has.
pub(super) const REPLICAS: &[(&str, &str)] = &[
    (
        "kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - frontend.yaml\npatches:\n  - \
         path: replicas.yaml\n",
    ),
    ("replicas.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: frontend\nspec:\n  replicas: 2\n"),
];

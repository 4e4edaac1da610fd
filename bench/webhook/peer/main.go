// The usual way to write this webhook, to compare with: a typed Pod is changed and marshalled, and what differs from
// the original is the patch.
package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"

	"gomodules.xyz/jsonpatch/v2"
	admission "k8s.io/api/admission/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

const agent = "-javaagent:/injector/dd-java-agent/dd-java-agent.jar"

var (
	patchType = admission.PatchTypeJSONPatch
	scheme    = runtime.NewScheme()
	decoder   = serializer.NewCodecFactory(scheme).UniversalDeserializer()
)

func set(env []core.EnvVar, name, value string) []core.EnvVar {
	for i := range env {
		if env[i].Name == name {
			env[i].Value += " " + value
			return env
		}
	}
	return append([]core.EnvVar{{Name: name, Value: value}}, env...)
}

func inject(pod *core.Pod) {
	yes, no := true, false
	mount := core.VolumeMount{Name: "injector", MountPath: "/injector"}
	pod.Spec.Volumes = append(pod.Spec.Volumes, core.Volume{Name: "injector",
		VolumeSource: core.VolumeSource{EmptyDir: &core.EmptyDirVolumeSource{}}})
	pod.Spec.InitContainers = append([]core.Container{{Name: "injector", Image: "injector-java:dd-java-agent",
		Command: []string{"/injector", "install", "--on-failure=continue"}, VolumeMounts: []core.VolumeMount{mount},
		Resources: pod.Spec.Containers[0].Resources, SecurityContext: &core.SecurityContext{
			RunAsNonRoot: &yes, AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes,
			Capabilities: &core.Capabilities{Drop: []core.Capability{"ALL"}}}}}, pod.Spec.InitContainers...)
	mount.ReadOnly = true
	for i := range pod.Spec.Containers {
		container := &pod.Spec.Containers[i]
		container.VolumeMounts = append(container.VolumeMounts, mount)
		container.Env = set(container.Env, "JAVA_TOOL_OPTIONS", agent)
	}
	pod.Annotations["injector/status"] = "injected"
}

func mutate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var review admission.AdmissionReview
	var pod core.Pod
	if err == nil {
		_, _, err = decoder.Decode(body, nil, &review)
	}
	if err == nil {
		_, _, err = decoder.Decode(review.Request.Object.Raw, nil, &pod)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response := &admission.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	if pod.Annotations["admission.datadoghq.com/java-lib.version"] != "" {
		inject(&pod)
		changed, _ := json.Marshal(pod)
		operations, _ := jsonpatch.CreatePatch(review.Request.Object.Raw, changed)
		response.Patch, _ = json.Marshal(operations)
		response.PatchType = &patchType
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(admission.AdmissionReview{TypeMeta: review.TypeMeta, Response: response})
}

// peer HOST:PORT DIRECTORY
func main() {
	core.AddToScheme(scheme)
	admission.AddToScheme(scheme)
	http.HandleFunc("/mutate", mutate)
	server := http.Server{Addr: os.Args[1], TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13}}
	log.Fatal(server.ListenAndServeTLS(os.Args[2]+"/tls.crt", os.Args[2]+"/tls.key"))
}

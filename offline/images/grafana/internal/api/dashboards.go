package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"pgai.example/standins/grafana/internal/provision"
)

// search lists dashboards (and folders) by title, tag, uid and type.
func (s *Server) search(writer http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	wanted := strings.ToLower(query.Get("query"))
	found := []map[string]any{}
	if kind := query.Get("type"); kind == "" || kind == "dash-db" {
		for _, dashboard := range s.Dashboards.All() {
			if matches(dashboard, wanted, query["tag"], append(query["dashboardUIDs"], query["dashboardUID"]...)) {
				found = append(found, searchEntry(dashboard))
			}
		}
	}
	if kind := query.Get("type"); (kind == "" || kind == "dash-folder") && len(query["tag"]) == 0 {
		for _, folder := range s.Dashboards.Folders() {
			if strings.Contains(strings.ToLower(folder.Title), wanted) {
				found = append(found, map[string]any{
					"id": folder.ID, "uid": folder.UID, "title": folder.Title, "type": "dash-folder", "uri": "db/" + provision.Slug(folder.Title),
					"url": "/dashboards?folder=" + folder.UID, "tags": []string{}, "isStarred": false,
				})
			}
		}
	}
	respond(writer, http.StatusOK, found)
}

func matches(dashboard *provision.Dashboard, text string, tags, uids []string) bool {
	for _, tag := range tags {
		if !slices.Contains(dashboard.Tags, tag) {
			return false
		}
	}
	if len(uids) > 0 && !slices.Contains(uids, dashboard.UID) {
		return false
	}
	return strings.Contains(strings.ToLower(dashboard.Title), text)
}

func searchEntry(dashboard *provision.Dashboard) map[string]any {
	entry := map[string]any{
		"id": dashboard.ID, "uid": dashboard.UID, "title": dashboard.Title, "uri": "db/" + dashboard.Slug, "url": address(dashboard),
		"slug": "", "type": "dash-db", "tags": dashboard.Tags, "isStarred": false, "sortMeta": 0, "isDeleted": false,
	}
	if dashboard.FolderUID != "" {
		entry["folderUid"], entry["folderTitle"] = dashboard.FolderUID, dashboard.FolderTitle
	}
	return entry
}

func address(dashboard *provision.Dashboard) string {
	return "/d/" + dashboard.UID + "/" + dashboard.Slug
}

func (s *Server) folders(writer http.ResponseWriter, _ *http.Request) {
	listed := []map[string]any{}
	for _, folder := range s.Dashboards.Folders() {
		listed = append(listed, map[string]any{"id": folder.ID, "uid": folder.UID, "title": folder.Title})
	}
	respond(writer, http.StatusOK, listed)
}

// annotations is empty: nothing can be stored. Annotation queries of a dashboard are made by the page.
func (s *Server) annotations(writer http.ResponseWriter, _ *http.Request) {
	respond(writer, http.StatusOK, []any{})
}

func (s *Server) dashboard(writer http.ResponseWriter, request *http.Request) {
	dashboard, found := s.Dashboards.ByUID(request.PathValue("uid"))
	if !found {
		message(writer, http.StatusNotFound, "Dashboard not found")
		return
	}
	admin := identity(request.Context()).Role == "Admin"
	respond(writer, http.StatusOK, map[string]any{
		"dashboard": dashboard.Model,
		"meta": map[string]any{
			"type": "db", "slug": dashboard.Slug, "url": address(dashboard), "version": dashboard.Version,
			"canSave": admin, "canEdit": admin, "canAdmin": admin, "canStar": false, "canDelete": admin,
			"created": stampOf(dashboard.Created), "updated": stampOf(dashboard.Updated), "createdBy": "Anonymous", "updatedBy": "Anonymous",
			"hasAcl": false, "isFolder": false, "folderId": 0, "folderUid": dashboard.FolderUID, "folderTitle": dashboard.FolderTitle,
			"folderUrl": "", "provisioned": true, "provisionedExternalId": dashboard.File, "isSnapshot": false,
		},
	})
}

func stampOf(moment time.Time) string { return moment.UTC().Format(time.RFC3339) }

// home goes to the page of [users] home_page, else shows the dashboard of [dashboards] default_home_dashboard_path, else a list.
// Where that dashboard is also provisioned, its address is told, so that the page can keep the ordinary one.
func (s *Server) home(writer http.ResponseWriter, _ *http.Request) {
	if s.Settings.HomePage != "" {
		respond(writer, http.StatusOK, map[string]any{"redirectUri": s.Settings.HomePage})
		return
	}
	meta := map[string]any{"canSave": false, "canEdit": false, "canStar": false, "isHome": true, "type": "", "slug": "", "url": "", "folderId": 0}
	if path := s.Settings.HomeDashboard; path != "" {
		dashboard, err := provision.ReadDashboard(path)
		if err != nil {
			s.Log.Error("Failed to load home dashboard", "file", path, "error", err.Error())
			message(writer, http.StatusInternalServerError, "Failed to load home dashboard")
			return
		}
		if provisioned, found := s.Dashboards.ByUID(dashboard.UID); found {
			meta["slug"], meta["url"] = provisioned.Slug, address(provisioned)
		}
		respond(writer, http.StatusOK, map[string]any{"dashboard": dashboard.Model, "meta": meta})
		return
	}
	list := map[string]any{
		"id": 1, "type": "dashlist", "title": "Dashboards", "gridPos": map[string]int{"x": 0, "y": 0, "w": 24, "h": 20},
		"options": map[string]any{"showSearch": true, "maxItems": 100},
	}
	respond(writer, http.StatusOK, map[string]any{
		"dashboard": map[string]any{"title": "Home", "uid": "", "panels": []any{list}, "time": map[string]string{"from": "now-1h", "to": "now"}},
		"meta":      meta,
	})
}
